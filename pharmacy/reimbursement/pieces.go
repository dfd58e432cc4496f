package reimbursement

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// A file of the tariff that is larger than whole is stored in pieces, each a Binary of
// its own by what it holds, and the Binary of the file lists them
// (text/uri-list, RFC 2483). So no more than a piece of it is in memory as a resource.
const (
	wholeFile   = 4 << 20
	piece       = 1 << 20
	piecesType  = "text/uri-list"
	piecePrefix = "tariff-piece-"
)

// stored is the content of the Binary of a file: the file, or the list of its pieces.
func stored(data []byte) (contentType string, content []byte) {
	if len(data) <= wholeFile {
		return "text/csv", data
	}
	var list bytes.Buffer
	fmt.Fprintf(&list, "# text/csv, %d bytes\r\n", len(data))
	for part := range piecesOf(data) {
		list.WriteString("Binary/" + pieceID(part) + "\r\n")
	}
	return piecesType, list.Bytes()
}

func piecesOf(data []byte) func(func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for len(data) > 0 {
			n := min(piece, len(data))
			if !yield(data[:n]) {
				return
			}
			data = data[n:]
		}
	}
}

func pieceID(part []byte) string {
	sum := sha256.Sum256(part)
	return piecePrefix + hex.EncodeToString(sum[:20])
}

// binary is a Binary of an id.
func binary(id, contentType string, content []byte) *fhir.Resource {
	return fhir.Obj("resourceType", "Binary", "id", id, "contentType", contentType, "data", base64.StdEncoding.EncodeToString(content)).Resource()
}

// storePieces stores the pieces of a file that are not there yet. Nothing refers to
// them until the Binary of the file does.
func (s *Service) storePieces(ctx context.Context, data []byte, who fhir.Principal) error {
	if len(data) <= wholeFile {
		return nil
	}
	for part := range piecesOf(data) {
		id := pieceID(part)
		v, err := s.db.State(ctx).Current("Binary", id)
		if err == nil && v == nil {
			_, err = s.db.Commit(ctx, &fhir.Transaction{Derived: true, Requester: who,
				Changes: []fhir.Change{{Method: fhir.Create, Type: "Binary", ID: id, IfAbsent: true, Resource: binary(id, "text/csv", part)}}})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// fileIn is the file that a Binary holds, or whose pieces it lists.
func fileIn(state fhir.State, v *fhir.Version) ([]byte, error) {
	contentType, content, err := contentOf(v)
	if err != nil || contentType != piecesType {
		return content, err
	}
	var file []byte
	for line := range strings.Lines(string(content)) {
		id, ok := strings.CutPrefix(strings.TrimSpace(line), "Binary/")
		if !ok {
			continue
		}
		p, err := state.Current("Binary", id)
		if err != nil {
			return nil, err
		}
		if p == nil || p.Deleted() {
			return nil, fhir.E("tariff", fhir.Processing, fhir.Issue{Expression: "Binary.data", Message: v.Ref() + " lists a piece that is not there: Binary/" + id + "."})
		}
		_, part, err := contentOf(p)
		if err != nil {
			return nil, err
		}
		file = append(file, part...)
	}
	return file, nil
}

// contentOf is what a Binary holds.
func contentOf(v *fhir.Version) (contentType string, content []byte, err error) {
	r, err := v.Resource()
	if err != nil {
		return "", nil, err
	}
	content, err = base64.StdEncoding.DecodeString(r.Get("data").Text())
	if err != nil {
		return "", nil, fhir.E("tariff", fhir.Processing, fhir.Issue{Expression: "Binary.data", Message: v.Ref() + " holds no base64: " + err.Error() + "."})
	}
	return r.Get("contentType").Text(), content, nil
}
