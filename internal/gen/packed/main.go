// Command packed packs the files of the folder that match the patterns into one, which
// the binary embeds:
//
//	go run ./internal/gen/packed -out shorthand_gen.txtar.zst '*.fsh' 'nhs/*.fsh'
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io/fs"
	"log"
	"os"

	"github.com/pestle-fhir/pestle/internal/packed"
)

func main() {
	log.SetFlags(0)
	out := flag.String("out", "", "file to write")
	flag.Parse()
	text, err := pack(os.DirFS("."), flag.Args())
	if err == nil {
		err = os.WriteFile(*out, text, 0o644)
	}
	if err != nil {
		log.Fatal("packed: ", err)
	}
}

// pack packs the files that match each pattern, in the order of their names.
func pack(folder fs.FS, patterns []string) ([]byte, error) {
	var names []string
	for _, pattern := range patterns {
		found, err := fs.Glob(folder, pattern)
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("no file matches %s", pattern)
		}
		names = append(names, found...)
	}
	var b bytes.Buffer
	err := packed.Write(&b, folder, names)
	return b.Bytes(), err
}
