package main

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/store/kv/badger"
	"github.com/pestle-fhir/pestle/trust/audit"
)

// TestRotationThatFailsLate: where the replacement of the key fails after it has
// replaced it, the audit log opens with the new key, too.
func TestRotationThatFailsLate(t *testing.T) {
	data := t.TempDir()
	key := func(b byte) []byte { return bytes.Repeat([]byte{b}, 32) }
	e, err := badger.Open(data, nil, badger.WithKey(key(1)))
	require.NoError(t, err)
	l, err := audit.Open(auditFolder(data), audit.Options{Key: key(1)})
	require.NoError(t, err)
	late := errors.New("the folder cannot be made durable")
	err = audit.Rotate(auditFolder(data), key(1), key(2), func() error { return errors.Join(e.RotateKey(key(1), key(2)), late) })
	require.ErrorIs(t, err, late)
	require.NoError(t, errors.Join(l.Close(), e.Close()))
	e, err = badger.Open(data, nil, badger.WithKey(key(2)))
	require.NoError(t, err)
	require.NoError(t, e.Close())
	l, err = audit.Open(auditFolder(data), audit.Options{Key: key(2)})
	require.NoError(t, err)
	require.NoError(t, l.Close())
}
