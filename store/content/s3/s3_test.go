package s3

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store/content"
	"github.com/pestle-fhir/pestle/store/content/s3/s3test"
)

func random(seed byte, n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{seed}).Read(b) // it never fails
	return b
}

// bucket is a server with a bucket: the one that PESTLE_S3 names, or one of the test.
func bucket(t *testing.T) (address string, server *s3test.Server) {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", "key")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	server = &s3test.Server{Dir: t.TempDir()}
	s := httptest.NewServer(server)
	t.Cleanup(s.Close)
	return "s3://papers/pharmacy?region=eu-west-2&endpoint=" + s.URL, server
}

func contents(t *testing.T, address, id string) *content.Store {
	t.Helper()
	p, err := New(address, id)
	require.NoError(t, err)
	return content.New(p, filepath.Join(t.TempDir(), "incoming"), content.Options{Key: content.KeyOf(bytes.Repeat([]byte{7}, 32))})
}

// Contents go in and out, in one piece and in several, and are read in any order.
func TestS3(t *testing.T) {
	address, server := bucket(t)
	if other := os.Getenv("PESTLE_S3"); other != "" { // such as gofakes3, with the bucket papers
		address, server = "s3://papers/pharmacy?region=eu-west-2&endpoint="+other, nil
	}
	s, others := contents(t, address, "ID"), contents(t, address, "OTHER")
	for i, size := range []int{1, 70_000, 1 << 20, 2*partSize + 5} {
		data := random(byte(i), size)
		c, fresh, err := s.Put(context.Background(), bytes.NewReader(data), func(fhir.Content) {})
		require.NoError(t, err)
		require.True(t, fresh)
		require.Equal(t, sha256.Sum256(data), c.SHA256)
		_, fresh, err = s.Put(context.Background(), bytes.NewReader(data), func(fhir.Content) {})
		require.NoError(t, err)
		require.False(t, fresh)
		require.NoError(t, s.Verify(context.Background(), c, nil))
		in, err := s.Open(context.Background(), c)
		require.NoError(t, err)
		if size < 2<<20 {
			require.NoError(t, iotest.TestReader(in, data))
		}
		require.NoError(t, in.Close())
		_, err = others.Open(context.Background(), c)
		require.ErrorIs(t, err, fs.ErrNotExist, "another database's objects are apart")
		n := 0
		require.NoError(t, s.Each(context.Background(), func(digest [32]byte) error {
			if digest == c.SHA256 {
				n++
			}
			return nil
		}))
		require.Equal(t, 1, n)
		require.NoError(t, others.Each(context.Background(), func([32]byte) error { t.Fatal("it has none"); return nil }))
		require.NoError(t, s.Remove(context.Background(), c.SHA256))
		_, err = s.Open(context.Background(), c)
		require.ErrorIs(t, err, fs.ErrNotExist)
	}
	if server != nil {
		require.Empty(t, server.Objects())
	}
}

// A whole object is read by few requests, and one that is damaged, or whose server fails,
// is never returned as if it were whole.
func TestS3Reads(t *testing.T) {
	address, server := bucket(t)
	s := contents(t, address, "ID")
	data := random(1, 3<<20)
	c, _, err := s.Put(context.Background(), bytes.NewReader(data), func(fhir.Content) {})
	require.NoError(t, err)
	key := server.Objects()[0]
	require.True(t, strings.HasPrefix(key, "pharmacy/ID/"))

	server.Requests("GET")
	in, err := s.Open(context.Background(), c)
	require.NoError(t, err)
	got, err := io.ReadAll(in)
	require.NoError(t, err)
	require.True(t, bytes.Equal(data, got))
	require.NoError(t, in.Close())
	require.LessOrEqual(t, server.Requests("GET"), 5)

	failures := 1
	server.Fail = func(r *http.Request) int {
		if r.Method == http.MethodGet && failures > 0 {
			failures--
			return http.StatusForbidden
		}
		return 0
	}
	require.NoError(t, s.Verify(context.Background(), c, nil), "one answer that fails is asked for again")
	server.Fail = func(*http.Request) int { return http.StatusForbidden }
	require.Error(t, s.Verify(context.Background(), c, nil))
	_, _, err = s.Put(context.Background(), bytes.NewReader(random(2, 70_000)), func(fhir.Content) {})
	require.Error(t, err)
	require.Error(t, s.Each(context.Background(), func([32]byte) error { return nil }))
	server.Fail = nil
	require.NoError(t, server.Damage(key, 2<<20))
	require.ErrorIs(t, s.Verify(context.Background(), c, nil), content.ErrDamaged)
}

func TestS3Address(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "key")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	for _, right := range []string{"s3://b?region=eu-west-2", "s3://b/p?endpoint=https://minio.example", "s3://b/p/?endpoint=http://127.0.0.1:9000&region=x"} {
		_, err := New(right, "ID")
		require.NoError(t, err, right)
	}
	for _, wrong := range []string{"", "b", "https://b", "s3://", "s3://b", "s3://b?endpoint=http://minio.example", "s3://b?endpoint=minio.example", "s3://b?endpoint=https://x/path", "s3://b?region=x&acl=public", "s3://u:p@b?region=x"} {
		_, err := New(wrong, "ID")
		require.Error(t, err, wrong)
	}
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	_, err := New("s3://b?region=eu-west-2", "ID")
	require.ErrorContains(t, err, "AWS_SECRET_ACCESS_KEY")
}
