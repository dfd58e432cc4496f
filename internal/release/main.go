// Release packs the binaries of one version for those who run it: an archive for
// each platform, what is in it as a CycloneDX document, the section of the change
// log, and the SHA-256 of every file, signed where a key is named.
//
//	go run ./internal/release -version V -date RFC3339 -from out/build -to out/release
//
// The folder -from has a folder of each platform, such as linux_amd64, with the
// binary in it, and a folder share with what all archives hold besides: manual pages
// and the shells' completions. All files are the same bytes from the same commit with
// the same version of Go, whatever machine they are made on: times are those of
// the commit, owners are nobody's, and names are in order.
//
// With -same DIR it packs nothing, and compares the folders -to and DIR byte by byte.
package main

import (
	"flag"
	"fmt"
	"os"
	"time"
)

func main() {
	r := release{built: built}
	var date, same string
	flag.StringVar(&r.version, "version", "", "version, as git describe prints it")
	flag.StringVar(&date, "date", "", "time of the commit, RFC 3339")
	flag.StringVar(&r.from, "from", "", "folder of the binaries")
	flag.StringVar(&r.to, "to", "", "folder that the files are written to; it is emptied first")
	flag.StringVar(&r.key, "key", "", "minisign secret key by which the checksums are signed")
	flag.StringVar(&same, "same", "", "folder of another release that -to is compared with")
	flag.Parse()
	err := error(nil)
	if same != "" {
		err = equal(r.to, same)
	} else if r.date, err = time.Parse(time.RFC3339, date); err == nil {
		err = r.make()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}
