package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// format names the layout of an export.
const format = "pestle-log/1"

// Header is the first line of an export.
type Header struct {
	Format string `json:"format"`
	Origin string `json:"origin,omitempty"`
	Key    string `json:"key,omitempty"` // with which the checkpoints are verified
	// Checkpoints are signed notes; what is in the export is compared with them.
	Checkpoints []string `json:"checkpoints,omitempty"`
}

// tileLine is a line of an export with a complete tile.
type tileLine struct {
	Tile   string `json:"tile"`
	Hashes []byte `json:"hashes"`
}

// errEnough ends a walk through rows.
var errEnough = errors.New("enough")

func ended(err error) error {
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// Export writes all versions that a database holds when it begins, with what opens
// their leaves, and their complete tiles, as lines of JSON. What cannot be read is
// written as lost.
func Export(ctx context.Context, out io.Writer, h Header, s Source) error {
	h.Format = format
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	if err := lines.Encode(h); err != nil {
		return err
	}
	total, _, err := s.Total()
	if err != nil {
		return err
	}
	err = s.Rows(ctx, 0, func(r Row) error {
		if r.Index >= total { // committed since: a tile of it may not be there
			return errEnough
		}
		return lines.Encode(r.entry())
	})
	if ended(err) != nil {
		return err
	}
	for level := 0; total>>(levelBits*(level+1)) > 0; level++ {
		for n := range total >> (levelBits * (level + 1)) {
			tile, err := s.Tile(TileName(level, n))
			if err != nil {
				return err
			}
			if err := lines.Encode(tileLine{TileName(level, n), tile}); err != nil {
				return err
			}
		}
	}
	return nil
}

// line is any line of an export but the first.
type line struct {
	Entry
	tileLine
}

// readExport reads an export line by line.
func readExport(in io.Reader, head func(Header) error, entry func(*Entry) error, tile func(name string, hashes []byte) error) error {
	d := json.NewDecoder(in)
	var h Header
	if err := d.Decode(&h); err != nil || h.Format != format {
		return fmt.Errorf("ledger: this is not an export of a log: its first line does not say the format %q", format)
	}
	if err := head(h); err != nil {
		return err
	}
	for n := 2; ; n++ {
		var l line
		err := d.Decode(&l)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("ledger: line %d of the export: %w", n, err)
		case l.Tile != "":
			err = tile(l.Tile, l.Hashes)
		default:
			err = entry(&l.Entry)
		}
		if err != nil {
			return err
		}
	}
}
