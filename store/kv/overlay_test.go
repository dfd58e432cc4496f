package kv_test

import (
	"bytes"
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

// copy gives an overlay in the same state, after one that was taken back.
func (f *flushing) copy() copied {
	base, _ := f.Engine.Snapshot()
	c := kv.NewOverlay(base)
	for _, op := range f.over.Ops() {
		c.Set(op.Key, op.Value)
	}
	c.Mark()
	for _, op := range f.over.Ops() {
		c.Delete(op.Key)
		c.Set(append([]byte("other"), op.Key...), []byte("other"))
	}
	c.Rollback()
	return copied{c}
}

func (f *flushing) Snapshot() (kv.Snapshot, error) {
	if f.closed {
		return nil, kv.ErrClosed
	}
	return f.copy(), nil
}

func (f *flushing) Write(batch []kv.Op) error {
	if f.closed {
		return kv.ErrClosed
	}
	for _, op := range batch {
		f.over.Set(bytes.Clone(op.Key), ownValue(op.Value)) // which keeps them, and the contract lends them
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

// ownValue copies a value, keeping apart none and empty.
func ownValue(v []byte) []byte {
	if v == nil {
		return nil
	}
	return append([]byte{}, v...)
}

func (f *flushing) Size() (int64, error) {
	_, size := f.over.Cost()
	written, err := f.Engine.Size()
	return size + written, err
}

func (f *flushing) Close() error {
	f.closed = true
	return f.Engine.Close()
}

func TestOverlayCost(t *testing.T) {
	o := kv.NewOverlay(kv.NewTree())
	cost := func() string { ops, size := o.Cost(); return fmt.Sprint(ops, " ", size) }
	o.Set([]byte("a"), []byte("123"))
	require.Equal(t, "1 16", cost())
	o.Mark()
	o.Set([]byte("a"), []byte("1"))
	o.Set([]byte("b"), nil)
	o.Set([]byte("a"), []byte("12"))
	require.Equal(t, "2 28", cost())
	o.Rollback()
	require.Equal(t, "1 16", cost())
	v, _, _ := o.Get([]byte("a"))
	require.Equal(t, "123", string(v))
}
