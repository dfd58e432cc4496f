package ledger

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/pestle-fhir/pestle/internal/sorting"
)

// Kind is what a finding is.
type Kind string

// What a verification finds. All but Purged, Recovered, Expired and Outside are faults.
const (
	Missing   Kind = "missing"   // a version that was logged is not there, or cannot be read
	Changed   Kind = "changed"   // a version, or the hash of it, is not what was logged
	Extra     Kind = "extra"     // a version was not logged
	Reordered Kind = "reordered" // a version is not in the place where it was logged
	Truncated Kind = "truncated" // there are fewer versions than were signed
	Forked    Kind = "forked"    // the versions are not those that were signed
	Unsigned  Kind = "unsigned"  // there is no checkpoint to compare with, or one without a valid signature
	Purged    Kind = "purged"    // content was erased, and the log says so
	Recovered Kind = "recovered" // what was signed is lost, and the log says so
	Expired   Kind = "expired"   // events were kept as long as they must be, and the log says so
	Outside   Kind = "outside"   // events were not asked for
)

// Finding is one thing that a verification found.
type Finding struct {
	Kind  Kind   `json:"kind"`
	Index uint64 `json:"index"` // of the version; of a checkpoint its size
	Text  string `json:"text"`
}

// Fault reports whether it must not be.
func (f Finding) Fault() bool {
	return !slices.Contains([]Kind{Purged, Recovered, Expired, Outside}, f.Kind)
}

// Report is the outcome of a verification.
type Report struct {
	Size        uint64       // versions
	Root        tlog.Hash    // of all of them
	Checkpoints []Checkpoint // with which they agree
	Findings    []Finding
}

// Sound reports whether nothing is wrong.
func (r *Report) Sound() bool { return !slices.ContainsFunc(r.Findings, Finding.Fault) }

// Trust is what a verification takes as given: at best not from the export.
type Trust struct {
	Key         note.Verifier // of the log; nil for the one in the export
	Checkpoints [][]byte      // kept elsewhere, such as by a witness
}

// verifier goes through an export.
type verifier struct {
	trust    Trust
	head     Header
	report   *Report
	next     uint64 // the index that is expected
	seq      uint64 // of the version before
	millis   int64
	hashes   []tlog.Hash // as stored in the rows
	whole    bool        // every version has one
	computed map[uint64]tlog.Hash
	named    []uint64 // the index of each row
	tiles    map[string][]tlog.Hash
	purges   map[string]uint64 // the index of the record that says so, by version
	lost     map[string]uint64 // the index of the record that says so, by checkpoint
	purged   []*Entry
	found    map[found]bool
}

// found is what is reported once.
type found struct {
	kind  Kind
	index uint64
}

// Verify verifies an export by itself: it computes commitments, leaves, tiles and
// roots anew, and compares them with what is stored and what was signed.
func Verify(in io.Reader, trust Trust) (*Report, error) {
	v := &verifier{trust: trust, report: &Report{}, whole: true, computed: map[uint64]tlog.Hash{}, tiles: map[string][]tlog.Hash{}, purges: map[string]uint64{}, lost: map[string]uint64{}, found: map[found]bool{}}
	if err := readExport(in, v.header, v.entry, v.tile); err != nil {
		return nil, err
	}
	v.misplaced()
	v.compareTiles()
	v.erased()
	v.checkpoints()
	v.report.Size = uint64(len(v.hashes))
	v.report.Findings = Sorted(v.report.Findings)
	return v.report, nil
}

// Sorted are findings in the order of their places.
func Sorted(list []Finding) []Finding {
	sorting.Stably(list, func(a, b Finding) int {
		return strings.Compare(fmt.Sprintf("%020d %s", a.Index, a.Kind), fmt.Sprintf("%020d %s", b.Index, b.Kind))
	})
	return list
}

func (v *verifier) find(kind Kind, index uint64, format string, args ...any) {
	if v.found[found{kind, index}] {
		return
	}
	v.found[found{kind, index}] = true
	v.report.Findings = append(v.report.Findings, Finding{kind, index, fmt.Sprintf(format, args...)})
}

func (v *verifier) header(h Header) (err error) {
	v.head = h
	if v.trust.Key == nil && h.Key != "" {
		v.trust.Key, err = note.NewVerifier(h.Key)
	}
	return err
}

// entry verifies a version by itself and against the one before it.
func (v *verifier) entry(e *Entry) error {
	row := uint64(len(v.hashes))
	switch {
	case e.Index > v.next:
		for i := v.next; i < e.Index; i++ {
			v.find(Missing, i, "version %d of the log is missing", i)
		}
	case e.Index < v.next:
		v.find(Extra, e.Index, "version %d of the log is there twice", e.Index)
	}
	v.next = e.Index + 1
	if e.Seq < v.seq || e.Millis < v.millis {
		v.find(Reordered, e.Index, "version %d of the log is earlier than the one before it", e.Index)
	}
	v.seq, v.millis = e.Seq, e.Millis
	var stored tlog.Hash
	if len(e.Hash) == tlog.HashSize {
		stored = tlog.Hash(e.Hash)
	} else {
		v.whole = false
	}
	v.hashes, v.named = append(v.hashes, stored), append(v.named, e.Index)
	if e.Lost != "" || len(e.EnvelopeSalt) == 0 {
		v.find(Missing, e.Index, "version %d of the log cannot be read: %s", e.Index, e.Lost)
		return nil
	}
	if h := tlog.RecordHash(e.leaf(e.contentCommit())); h != stored {
		v.computed[row] = h
	}
	if e.ContentCommit != nil {
		v.purged = append(v.purged, &Entry{Index: e.Index, Type: e.Type, ID: e.ID, Version: e.Version})
	}
	v.record(e)
	return nil
}

func (v *verifier) tile(name string, hashes []byte) error {
	v.tiles[name] = parted(hashes)
	return nil
}

// misplaced reports the versions that are not what their hashes say: those of
// other rows, or changed.
func (v *verifier) misplaced() {
	stored := placesOf(v.hashes)
	for row := range uint64(len(v.hashes)) {
		h, wrong := v.computed[row]
		if !wrong {
			continue
		}
		if other, elsewhere := stored[h]; elsewhere {
			v.find(Reordered, v.named[row], "version %d of the log holds what belongs to version %d", v.named[row], v.named[other])
			continue
		}
		v.find(Changed, v.named[row], "version %d of the log is not what was logged: its content, envelope or time was changed", v.named[row])
	}
}

func placesOf(hashes []tlog.Hash) map[tlog.Hash]int {
	at := make(map[tlog.Hash]int, len(hashes))
	for i, h := range hashes {
		at[h] = i
	}
	return at
}

// compareTiles compares the hashes of the rows with those of the tiles, and each
// tile with those below it.
func (v *verifier) compareTiles() {
	var logged []tlog.Hash
	for n := uint64(0); ; n++ {
		tile := v.tiles[TileName(0, n)]
		if len(tile) != width {
			break
		}
		logged = append(logged, tile...)
	}
	if most := len(v.hashes) / width * width; len(logged) < most {
		v.find(Missing, uint64(len(logged)), "the tile of the hashes from version %d on is missing", len(logged))
	}
	v.align(logged)
	for level := 1; level <= 6; level++ {
		for n := uint64(0); ; n++ {
			tile := v.tiles[TileName(level, n)]
			if tile == nil {
				break
			}
			for i, h := range tile {
				below := v.tiles[TileName(level-1, n<<levelBits+uint64(i))] //nolint:gosec // not negative
				if len(below) != width || perfect(below) != h {
					v.find(Changed, (n<<levelBits+uint64(i))<<(levelBits*level), "the tile %s does not follow from those below it", TileName(level, n)) //nolint:gosec // not negative
				}
			}
		}
	}
}

// align goes through the hashes of the tiles and of the rows together. Where they
// differ, a run of either that the other does not have is missing or extra if both
// go on alike behind it.
func (v *verifier) align(logged []tlog.Hash) {
	inTiles, inRows := placesOf(logged), placesOf(v.hashes)
	keptFrom, knownFrom := following(logged, inRows), following(v.hashes, inTiles)
	i, j := 0, 0
	for i < len(logged) && j < len(v.hashes) {
		if logged[i] == v.hashes[j] {
			i, j = i+1, j+1
			continue
		}
		_, kept := inRows[logged[i]]
		_, known := inTiles[v.hashes[j]]
		at := v.named[j]
		nextKept, nextKnown := keptFrom[i], knownFrom[j]
		switch {
		case !kept && known && (nextKept == len(logged) || logged[nextKept] == v.hashes[j]):
			for ; i < nextKept; i++ {
				v.find(Missing, uint64(i), "version %d, which a tile has, is missing", i) //nolint:gosec // not negative
			}
		case kept && !known && nextKnown < len(v.hashes) && v.hashes[nextKnown] == logged[i]:
			for ; j < nextKnown; j++ {
				v.find(Extra, v.named[j], "version %d is in no tile", v.named[j])
			}
		case known:
			v.find(Reordered, at, "version %d is not in its place in the tiles", at)
			i, j = i+1, j+1
		default:
			v.find(Changed, at, "the hash of version %d is not the one in its tile", at)
			i, j = i+1, j+1
		}
	}
	for ; i < len(logged); i++ {
		v.find(Missing, uint64(i), "version %d, which a tile has, is missing", i) //nolint:gosec // not negative
	}
}

// following is, for each place, the first from it on whose hash is among others;
// the end for none.
func following(hashes []tlog.Hash, among map[tlog.Hash]int) []int {
	list, at := make([]int, len(hashes)), len(hashes)
	for i := len(hashes) - 1; i >= 0; i-- {
		if _, ok := among[hashes[i]]; ok {
			at = i
		}
		list[i] = at
	}
	return list
}

// record keeps what the log says of itself: an AuditEvent with a subtype of
// [LogSystem]. One of a purge has the versions as entities, one of a recovery the
// checkpoint that was lost.
func (v *verifier) record(e *Entry) {
	if e.Type != "AuditEvent" || !bytes.Contains(e.Content, []byte(LogSystem)) {
		return
	}
	var event struct {
		Subtype []struct{ System, Code string }
		Entity  []struct {
			What   struct{ Reference string }
			Detail []struct{ Type, ValueString string }
		}
	}
	if json.Unmarshal(e.Content, &event) != nil || len(event.Subtype) == 0 || event.Subtype[0].System != LogSystem {
		return
	}
	for _, what := range event.Entity {
		if event.Subtype[0].Code == "purge" {
			v.purges[what.What.Reference] = e.Index
		}
		for _, d := range what.Detail {
			if event.Subtype[0].Code == "recovery" && d.Type == "checkpoint" {
				v.lost[d.ValueString] = e.Index
			}
		}
	}
}

// erased compares what was purged with the records of it.
func (v *verifier) erased() {
	for _, e := range v.purged {
		at, recorded := v.purges[e.address()]
		if recorded && at > e.Index {
			v.find(Purged, e.Index, "the content of %s was purged; version %d of the log says so", e.address(), at)
		} else {
			v.find(Missing, e.Index, "the content of %s is missing, and no later record says that it was purged", e.address())
		}
	}
}

// checkpoints compares the tree with what was signed.
func (v *verifier) checkpoints() {
	v.report.Root = v.rootOf(uint64(len(v.hashes)))
	var all []Checkpoint
	for _, text := range append(slices.Clone(v.trust.Checkpoints), texts(v.head.Checkpoints)...) {
		if v.trust.Key == nil {
			v.find(Unsigned, 0, "there is no key to verify checkpoints with")
			break
		}
		c, err := OpenCheckpoint(text, v.trust.Key)
		if err != nil {
			v.find(Unsigned, 0, "%v", err)
			continue
		}
		all = append(all, c)
		v.checkpoint(c)
	}
	if len(all) == 0 {
		v.find(Unsigned, 0, "there is no checkpoint to compare with")
	}
	for i, a := range all {
		for _, b := range all[:i] {
			if a.Size == b.Size && a.Root != b.Root {
				v.find(Forked, a.Size, "two trees of %d versions were signed: %s and %s", a.Size, a.Root, b.Root)
			}
		}
	}
}

func texts(list []string) (all [][]byte) {
	for _, s := range list {
		all = append(all, []byte(s))
	}
	return all
}

func (v *verifier) checkpoint(c Checkpoint) {
	at, lost := v.lostAt(c)
	switch {
	case lost:
		v.find(Recovered, at, "version %d of the log says that what was signed is lost: %s", at, c)
	case c.Size > uint64(len(v.hashes)):
		v.find(Truncated, c.Size, "there are %d versions, %d were signed", len(v.hashes), c.Size)
	case v.whole && v.rootOf(c.Size) != c.Root:
		v.find(Forked, c.Size, "the first %d versions are not those that were signed: their root is %s, %s was signed", c.Size, v.rootOf(c.Size), c.Root)
	default:
		v.report.Checkpoints = append(v.report.Checkpoints, c)
	}
}

// lostAt is the record that the history of a checkpoint is lost.
func (v *verifier) lostAt(c Checkpoint) (uint64, bool) {
	for text, at := range v.lost {
		if lost, err := OpenCheckpoint([]byte(text), v.trust.Key); err == nil && lost.Size == c.Size && lost.Root == c.Root {
			return at, true
		}
	}
	return 0, false
}

// rootOf is the root of the first rows.
func (v *verifier) rootOf(size uint64) tlog.Hash {
	if size == 0 {
		return tlog.Hash(sha256.Sum256(nil))
	}
	var e Edge
	for _, h := range v.hashes[:size] {
		e.Add(h)
	}
	return e.Root()
}
