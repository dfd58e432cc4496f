package store

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/store/kv/badger"
	"github.com/pestle-fhir/pestle/store/log/file"
)

// BenchmarkLogged is what a log in files costs a database on the same disk: small commits
// by so many writers at a time.
func BenchmarkLogged(b *testing.B) {
	for _, writers := range []int{1, 16, 64} {
		for _, logged := range []bool{false, true} {
			b.Run(fmt.Sprintf("writers=%d/log=%v", writers, logged), func(b *testing.B) {
				e, err := badger.Open(b.TempDir(), nil)
				require.NoError(b, err)
				o := Options{}
				if logged {
					l, err := file.Open(b.TempDir(), file.Options{})
					require.NoError(b, err)
					defer func() { require.NoError(b, l.Close()) }()
					o.Log = l
				}
				db, err := Open(e, o)
				require.NoError(b, err)
				defer func() { require.NoError(b, db.Close()) }()
				if logged {
					_, err = db.Lead(b.Context(), 1)
					require.NoError(b, err)
				}
				var n atomic.Int64
				b.SetParallelism(max(1, writers/2))
				b.ResetTimer()
				if writers == 1 {
					for range b.N {
						_, err := db.Commit(b.Context(), updates(b, fmt.Sprint("p", n.Add(1)), "Bench"))
						require.NoError(b, err)
					}
					return
				}
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						if _, err := db.Commit(b.Context(), updates(b, fmt.Sprint("p", n.Add(1)), "Bench")); err != nil {
							b.Error(err)
						}
					}
				})
			})
		}
	}
}
