//go:build unix

package badger

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// patient is a file of a copy of a folder, which is damaged.
type patient struct {
	t            *testing.T
	rnd          *rand.Rand
	dir, name    string
	whole        []byte // what it holds
	other, older string // folders: another database, and this one earlier
}

func (p *patient) path() string { return filepath.Join(p.dir, p.name) }

// used is the part of the file that is not in advance of what is written.
func (p *patient) used() int { return len(bytes.TrimRight(p.whole, "\x00")) }

func (p *patient) write(b []byte) { write(p.t, p.path(), b) }

// flip changes a bit within [from, to), as far as there is a file.
func (p *patient) flip(from, to int) {
	from, to = max(0, from), min(to, len(p.whole))
	if from >= to {
		return
	}
	b := bytes.Clone(p.whole)
	b[from+p.rnd.IntN(to-from)] ^= 1 << p.rnd.IntN(8)
	p.write(b)
}

// from replaces it with the file of that name in another folder, which removes it
// where there is none.
func (p *patient) from(dir string) {
	b, err := os.ReadFile(filepath.Join(dir, p.name))
	if err != nil {
		remove(p.t, p.path())
		return
	}
	p.write(b)
}

// sibling is another file of the folder, of the same kind where there is one.
func (p *patient) sibling() string {
	var same, all []string
	entries, err := os.ReadDir(p.dir)
	require.NoError(p.t, err)
	for _, e := range entries {
		if e.Name() != p.name {
			all = append(all, e.Name())
			if ext := filepath.Ext(p.name); ext != "" && filepath.Ext(e.Name()) == ext {
				same = append(same, e.Name())
			}
		}
	}
	if len(same) > 0 {
		all = same
	}
	return all[p.rnd.IntN(len(all))]
}

// another is a name of the same kind that no file has.
func (p *patient) another() string {
	for _, form := range []struct{ ext, form string }{{tableExt, "%06d.sst"}, {valueExt, "%06d.vlog"}, {memtableExt, "%05d.mem"}} {
		if n, ok := numberOf(p.name, form.ext); ok {
			for n++; ; n++ {
				name := fmt.Sprintf(form.form, n)
				if _, err := os.Lstat(filepath.Join(p.dir, name)); err != nil {
					return name
				}
			}
		}
	}
	return p.name + ".copy"
}

const page = 4096

// damages are the kinds of damage.
var damages = []struct {
	name string
	do   func(p *patient)
}{
	{"removed", func(p *patient) { remove(p.t, p.path()) }},
	{"emptied", func(p *patient) { p.write(nil) }},
	{"cut anywhere", func(p *patient) { p.write(p.whole[:p.rnd.IntN(p.used()+1)]) }},
	{"cut by a byte", func(p *patient) { p.write(p.whole[:max(0, p.used()-1)]) }},
	{"cut to half", func(p *patient) { p.write(p.whole[:p.used()/2]) }},
	{"cut to a page", func(p *patient) { p.write(p.whole[:max(0, p.used()-1)/page*page]) }},
	{"a bit anywhere", func(p *patient) { p.flip(0, p.used()) }},
	{"a bit of its head", func(p *patient) { p.flip(0, 64) }},
	{"a bit of its middle", func(p *patient) { p.flip(p.used()/3, p.used()*2/3) }},
	{"a bit of its tail", func(p *patient) { p.flip(p.used()-100, p.used()) }},
	{"a bit of its last checksum", func(p *patient) { p.flip(p.used()-4, p.used()) }},
	{"a page of zeros", func(p *patient) {
		b := bytes.Clone(p.whole)
		at := p.rnd.IntN(p.used()+1) / page * page
		clear(b[min(at, len(b)):min(at+page, len(b))])
		p.write(b)
	}},
	{"all zeros", func(p *patient) { p.write(make([]byte, len(p.whole))) }},
	{"noise", func(p *patient) {
		b := make([]byte, len(p.whole))
		for i := range b {
			b[i] = byte(p.rnd.Uint32())
		}
		p.write(b)
	}},
	{"two pages swapped", func(p *patient) {
		pages := p.used() / page
		if pages < 2 {
			return
		}
		b := bytes.Clone(p.whole)
		i, j := p.rnd.IntN(pages)*page, p.rnd.IntN(pages)*page
		copy(b[i:i+page], p.whole[j:j+page])
		copy(b[j:j+page], p.whole[i:i+page])
		p.write(b)
	}},
	{"a page written twice", func(p *patient) {
		pages := p.used() / page
		if pages < 2 {
			return
		}
		b := bytes.Clone(p.whole)
		i, j := p.rnd.IntN(pages)*page, p.rnd.IntN(pages)*page
		copy(b[i:i+page], p.whole[j:j+page])
		p.write(b)
	}},
	{"swapped with another", func(p *patient) {
		sibling := filepath.Join(p.dir, p.sibling())
		b := readFile(p.t, sibling)
		write(p.t, sibling, p.whole)
		p.write(b)
	}},
	{"of another database", func(p *patient) { p.from(p.other) }},
	{"an older copy", func(p *patient) { p.from(p.older) }},
	{"all but it are older copies", func(p *patient) {
		entries, err := os.ReadDir(p.dir)
		require.NoError(p.t, err)
		for _, e := range entries {
			if e.Name() != p.name {
				remove(p.t, p.dir, e.Name())
			}
		}
		for name := range state(p.t, p.older) {
			if name != p.name {
				replace(p.t, p.dir, p.older, name)
			}
		}
	}},
	{"duplicated", func(p *patient) { write(p.t, filepath.Join(p.dir, p.another()), p.whole) }},
	{"renamed", func(p *patient) { require.NoError(p.t, os.Rename(p.path(), filepath.Join(p.dir, p.another()))) }},
	{"another database's beside it", func(p *patient) {
		if b, err := os.ReadFile(filepath.Join(p.other, p.name)); err == nil {
			write(p.t, filepath.Join(p.dir, p.another()), b)
		}
	}},
	{"longer by noise", func(p *patient) { p.write(slices.Concat(p.whole, noise(1+p.rnd.IntN(5000)))) }},
	{"longer by zeros", func(p *patient) { p.write(slices.Concat(p.whole, make([]byte, 1+p.rnd.IntN(5000)))) }},
	{"written twice", func(p *patient) { p.write(slices.Concat(p.whole, p.whole)) }},
	{"without permissions", func(p *patient) { require.NoError(p.t, os.Chmod(p.path(), 0)) }},
	{"a link to it elsewhere", func(p *patient) {
		elsewhere := filepath.Join(p.t.TempDir(), "moved")
		write(p.t, elsewhere, p.whole)
		remove(p.t, p.path())
		require.NoError(p.t, os.Symlink(elsewhere, p.path()))
	}},
	{"a link to nothing", func(p *patient) {
		remove(p.t, p.path())
		require.NoError(p.t, os.Symlink(filepath.Join(p.dir, "nothing"), p.path()))
	}},
	{"a link to itself", func(p *patient) {
		remove(p.t, p.path())
		require.NoError(p.t, os.Symlink(p.name, p.path()))
	}},
	{"a folder", func(p *patient) {
		remove(p.t, p.path())
		require.NoError(p.t, os.Mkdir(p.path(), 0o700))
	}},
	{"a named pipe", func(p *patient) {
		remove(p.t, p.path())
		require.NoError(p.t, syscall.Mkfifo(p.path(), 0o600))
	}},
}
