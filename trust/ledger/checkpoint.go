package ledger

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Checkpoint is a signed root of the tree: https://c2sp.org/tlog-checkpoint
type Checkpoint struct {
	Origin string
	Size   uint64
	Root   tlog.Hash
	Note   []byte // the whole signed note
}

func (c Checkpoint) text() string {
	return fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Size, c.Root)
}

// String says what the checkpoint is of, without its signatures.
func (c Checkpoint) String() string { return fmt.Sprintf("size %d, root %s", c.Size, c.Root) }

// sign adds the signatures.
func (c Checkpoint) sign(signers ...note.Signer) (Checkpoint, error) {
	text, err := note.Sign(&note.Note{Text: c.text()}, signers...)
	c.Note = text
	return c, err
}

// OpenCheckpoint reads a signed checkpoint and verifies the signature of the log
// with a key; the origin must be the key's name. Other signatures may be there.
func OpenCheckpoint(text []byte, key note.Verifier) (c Checkpoint, err error) {
	n, err := note.Open(text, note.VerifierList(key))
	if err != nil {
		return c, fmt.Errorf("ledger: the checkpoint is not signed by %s: %w", key.Name(), err)
	}
	if c, err = parseCheckpoint(n.Text); err != nil {
		return c, err
	}
	if c.Origin != key.Name() {
		return c, fmt.Errorf("ledger: the checkpoint is of %s, not of %s", c.Origin, key.Name())
	}
	c.Note = text
	return c, nil
}

// ReadCheckpoint reads a checkpoint, whoever signed it.
func ReadCheckpoint(text []byte) (Checkpoint, error) { return parseCheckpoint(string(text)) }

func parseCheckpoint(text string) (c Checkpoint, err error) {
	lines := strings.SplitN(text, "\n", 4)
	if len(lines) < 4 || lines[0] == "" {
		return c, fmt.Errorf("ledger: a checkpoint has three lines: origin, size and root")
	}
	c.Origin = lines[0]
	if c.Size, err = strconv.ParseUint(lines[1], 10, 63); err != nil || strconv.FormatUint(c.Size, 10) != lines[1] {
		return c, fmt.Errorf("ledger: the size of a checkpoint is %q, which is not a number", lines[1])
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return c, fmt.Errorf("ledger: the root of a checkpoint is %q, expected 32 bytes in base64", lines[2])
	}
	copy(c.Root[:], root)
	return c, nil
}
