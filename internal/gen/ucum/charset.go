package main

import (
	"fmt"
	"io"
	"strings"
)

// asciiOnly accepts the encoding that the essence file declares, which is part
// of UTF-8.
func asciiOnly(charset string, r io.Reader) (io.Reader, error) {
	if strings.EqualFold(charset, "ascii") || strings.EqualFold(charset, "us-ascii") {
		return r, nil
	}
	return nil, fmt.Errorf("unexpected encoding %s", charset)
}
