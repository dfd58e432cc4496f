package server

import (
	"net/http"

	"github.com/klauspost/compress/gzhttp"
)

// compress packs answers from a kilobyte up for clients that take gzip.
func (s *Server) compress(next http.Handler) http.Handler {
	wrap, err := gzhttp.NewWrapper(gzhttp.MinSize(1024), gzhttp.CompressionLevel(4))
	if err != nil {
		panic(err) // the options are constants
	}
	return wrap(next)
}
