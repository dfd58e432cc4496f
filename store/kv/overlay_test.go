package kv_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/kv/kvtest"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

// flushing is an engine whose reads go through overlays over another engine:
// every third batch is written through.
type flushing struct {
	*mem.Engine
	over   *kv.Overlay
	writes int
	closed bool
}

func TestOverlayContract(t *testing.T) {
	kvtest.Run(t, func(t *testing.T) kv.Engine {
		e := mem.New()
		base, err := e.Snapshot()
		require.NoError(t, err)
		return &flushing{Engine: e, over: kv.NewOverlay(base)}
	})
}

type copied struct{ *kv.Overlay }

func (copied) Close() {}

func (f *flushing) Snapshot() (kv.Snapshot, error) {
	if f.closed {
		return nil, kv.ErrClosed
	}
	return copied{f.over.Copy()}, nil
}

func (f *flushing) Write(batch []kv.Op) error {
	if f.closed {
		return kv.ErrClosed
	}
	for _, op := range batch {
		f.over.Set(op.Key, op.Value)
	}
	if f.writes++; f.writes%3 == 0 {
		if err := f.Engine.Write(f.over.Ops()); err != nil {
			return err
		}
		base, err := f.Engine.Snapshot()
		if err != nil {
			return err
		}
		f.over = kv.NewOverlay(base)
	}
	return nil
}

func (f *flushing) Size() (int64, error) {
	_, size := f.over.Cost()
	return size, nil
}

func (f *flushing) Close() error {
	f.closed = true
	return f.Engine.Close()
}

func TestOverlayCost(t *testing.T) {
	o := kv.NewOverlay(kv.NewTree())
	o.Set([]byte("a"), []byte("123"))
	c := o.Copy()
	c.Set([]byte("a"), []byte("1"))
	c.Set([]byte("b"), nil)
	ops, size := o.Cost()
	require.Equal(t, "1 16", fmt.Sprint(ops, size))
	ops, size = c.Cost()
	require.Equal(t, "2 27", fmt.Sprint(ops, size))
	require.Len(t, c.Ops(), 2)
}
