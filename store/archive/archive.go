package archive

import (
	"errors"
	"fmt"
	"time"
)

// format is the version of the layout of an archive.
const format = 1

// Header says what an archive is of.
type Header struct {
	Format int `json:"format"`
	// Layout is the version of the database's keys.
	Layout int `json:"layout"`
	// Since and Seq say which commits it holds: those after Since up to Seq.
	// Since is 0 for a full one.
	Since uint64 `json:"since"`
	Seq   uint64 `json:"seq"`
	// Base and Tip are digests of the commits Since and Seq: what continues an
	// archive has its tip as the base. They are empty for commit 0.
	Base    string    `json:"base,omitempty"`
	Tip     string    `json:"tip,omitempty"`
	Time    time.Time `json:"time"`
	Program string    `json:"program,omitempty"`
	// Audit is the number of the newest event of the audit log that it has; 0 for
	// none.
	Audit uint64 `json:"audit,omitempty"`
	// Place is up to which place of its log a copy for a standby is; 0 for before the first,
	// and in all other archives.
	Place uint64 `json:"place,omitempty"`
}

// Full reports whether an archive needs no other before it.
func (h Header) Full() bool { return h.Since == 0 }

// Seal closes an archive.
type Seal struct {
	Records int64  `json:"records"`
	Files   int64  `json:"files"`
	Bytes   int64  `json:"bytes"` // of keys, values and files
	SHA256  string `json:"sha256"`
}

// ErrEncrypted says that an archive cannot be read without an identity that it
// was encrypted to.
var ErrEncrypted = errors.New("archive: the archive is encrypted: name the file of the identity (age-keygen) that it was encrypted to")

// ErrTruncated says that an archive ends before its seal.
var ErrTruncated = errors.New("archive: the archive ends before its seal: it was cut short, or its backup did not finish")

// damaged says that a part of an archive is not what was written.
func damaged(part string, why any) error {
	return fmt.Errorf("archive: %s is damaged: %v", part, why)
}

const (
	headerName = "header.json"
	sealName   = "seal.json"
	recordsDir = "records/"
	filesDir   = "files/"
	contentDir = "contents/" // files of any size, named by their SHA-256
	chunkSize  = 4 << 20     // of records, before compression
	maxChunk   = 80 << 20    // what a reader takes: a record of the largest resource and room
)
