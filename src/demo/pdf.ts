// The smallest PDF that every reader opens: one page of text. ISO 32000-1:2008, 7.5 (file structure) and 9.4 (text).

const escaped = (line: string): string => line.replace(/[\\()]/g, match => `\\${match}`)

/** A one-page A4 document. Latin letters only: the built-in fonts of PDF have no others. */
export function pdf (title: string, lines: readonly string[]): Buffer {
  const text = lines.map(line => `(${escaped(line)}) Tj T*`).join('\n')
  const page = `BT /F1 16 Tf 56 770 Td (${escaped(title)}) Tj ET\nBT /F1 11 Tf 56 740 Td 16 TL\n${text}\nET`
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 4 0 R >> >> /Contents 5 0 R >>',
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
    `<< /Length ${page.length} >>\nstream\n${page}\nendstream`
  ]
  // The table at the end names the byte at which each object begins, in lines of exactly twenty bytes.
  let body = '%PDF-1.4\n'
  const offsets = objects.map((object, index) => {
    const offset = body.length
    body += `${index + 1} 0 obj\n${object}\nendobj\n`
    return `${String(offset).padStart(10, '0')} 00000 n \n`
  })
  const table = `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${offsets.join('')}`
  const trailer = `trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${body.length}\n%%EOF\n`
  return Buffer.from(body + table + trailer, 'latin1')
}
