package store_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

// narrow is an engine that takes little at once.
type narrow struct{ kv.Engine }

const narrowest = 200_000

func (narrow) Limits() (int, int64) { return 1 << 20, narrowest }

func (e narrow) Write(ops []kv.Op) error {
	var n int64
	for _, o := range ops {
		n += kv.Cost(o.Key, o.Value)
	}
	if n > narrowest {
		return kv.ErrTooBig
	}
	return e.Engine.Write(ops)
}

// TestTilesAreCounted: a transaction that fits by itself and not with the tiles that
// it completes is refused like any that is too big, and others go on.
func TestTilesAreCounted(t *testing.T) {
	db := openDB(t, narrow{mem.New()}, store.Options{
		Leaf: func(store.LeafRecord) [32]byte { return [32]byte{} },
		Checkpoint: func(first uint64, leaves []byte) (out []store.Tile) {
			for k := first / 256; k < (first+uint64(len(leaves)/32))/256; k++ {
				out = append(out, store.Tile{Name: fmt.Sprint(k), Value: make([]byte, 8192)})
			}
			return out
		},
	})
	create := func(text string) error {
		_, err := db.Commit(ctx, &fhir.Transaction{Changes: []fhir.Change{{Method: fhir.Create, Type: "Basic", Resource: parse(t, `{'resourceType':'Basic','code':{'text':'%s'}}`, text)}}})
		return err
	}
	for i := range 255 {
		require.NoError(t, create(fmt.Sprint(i)))
	}
	for size := narrowest - 2000; size > narrowest-100_000; size -= 1000 {
		if err := create(strings.Repeat("y", size)); err != nil {
			require.ErrorIs(t, err, kv.ErrTooBig)
			require.Equal(t, fhir.TooCostly, fhir.KindOf(err))
		}
		require.NoError(t, create("small"), "after one of %d bytes", size)
		if (size/1000)%10 == 0 { // the next tile's last leaf
			for db.Head()%256 != 255 {
				require.NoError(t, create("more"))
			}
		}
	}
}
