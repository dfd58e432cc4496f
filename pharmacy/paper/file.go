package paper

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
	"strings"
	"time"
)

// file is a PDF: its objects one after another, and a table of where they are.
type file struct {
	heading string
	made    time.Time
	pages   []*bytes.Buffer
}

// The numbers of the objects that are there once. Those of page n, from 0, are
// firstPage+2n for itself and the next for what is on it.
const (
	catalog = iota + 1
	tree
	fontRegular
	fontBold
	info
	firstPage
)

func (f file) write(w io.Writer) error {
	var out bytes.Buffer
	var at []int
	object := func(format string, args ...any) {
		at = append(at, out.Len())
		fmt.Fprintf(&out, "%d 0 obj\n"+format+"\nendobj\n", append([]any{len(at)}, args...)...)
	}
	out.WriteString("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n") // bytes above 127 tell transports that it is binary
	kids := make([]string, len(f.pages))
	for i := range f.pages {
		kids[i] = fmt.Sprintf("%d 0 R", firstPage+2*i)
	}
	object("<< /Type /Catalog /Pages %d 0 R /Lang (en-GB) >>", tree)
	object("<< /Type /Pages /Count %d /Kids [%s] >>", len(kids), strings.Join(kids, " "))
	for _, font := range []*font{regular, bold} {
		object("<< /Type /Font /Subtype /Type1 /BaseFont /%s /Encoding /WinAnsiEncoding >>", font.base)
	}
	object("<< /Title (%s) /CreationDate (D:%sZ) >>", escape(encode(f.heading)), f.made.UTC().Format("20060102150405"))
	for i := range f.pages {
		object("<< /Type /Page /Parent %d 0 R /MediaBox [0 0 %.2f %.2f] /Resources << /Font << /%s %d 0 R /%s %d 0 R >> >> /Contents %d 0 R >>",
			tree, pageWidth, pageHeight, regular.name, fontRegular, bold.name, fontBold, firstPage+2*i+1)
		var content bytes.Buffer
		z := zlib.NewWriter(&content)
		if _, err := z.Write(f.pages[i].Bytes()); err != nil {
			return err
		}
		if err := z.Close(); err != nil {
			return err
		}
		object("<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream", content.Len(), content.Bytes())
	}
	start := out.Len()
	fmt.Fprintf(&out, "xref\n0 %d\n0000000000 65535 f \n", len(at)+1)
	for _, offset := range at {
		fmt.Fprintf(&out, "%010d 00000 n \n", offset)
	}
	fmt.Fprintf(&out, "trailer\n<< /Size %d /Root %d 0 R /Info %d 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(at)+1, catalog, info, start)
	_, err := out.WriteTo(w)
	return err
}

// escape writes text as a string of PDF has it.
func escape(text []byte) []byte {
	var out []byte
	for _, b := range text {
		if b == '(' || b == ')' || b == '\\' {
			out = append(out, '\\')
		}
		out = append(out, b)
	}
	return out
}
