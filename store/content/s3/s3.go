// Package s3 keeps contents as objects in a bucket of S3, or of another server with its
// interface.
package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"strings"
	"sync"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/pestle-fhir/pestle/store/content"
)

// Place is a prefix of a bucket.
type Place struct {
	client         *minio.Client
	bucket, prefix string
}

var _ content.Place = (*Place)(nil)

// New is the place at an address, s3://bucket/prefix?endpoint=https://…&region=…, below
// the id of a database: two that use one prefix do not remove each other's objects.
// Without an endpoint it is that of AWS in the region. Credentials are those of the
// environment: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN.
func New(address, id string) (*Place, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "s3" || u.Host == "" || u.User != nil || u.Fragment != "" || id == "" {
		return nil, errors.New("expected s3://bucket/prefix?endpoint=https://…&region=…")
	}
	q := u.Query()
	region, endpoint := q.Get("region"), q.Get("endpoint")
	q.Del("region")
	q.Del("endpoint")
	if len(q) > 0 {
		return nil, fmt.Errorf("%s is not known: expected endpoint and region", q.Encode())
	}
	if endpoint == "" {
		if region == "" {
			return nil, errors.New("name the region, or the endpoint of another server than AWS")
		}
		endpoint = "https://s3." + region + ".amazonaws.com"
	}
	e, err := url.Parse(endpoint)
	if err != nil || e.Host == "" || e.Scheme != "https" && (e.Scheme != "http" || !loopback(e.Hostname())) || strings.Trim(e.Path, "/") != "" {
		return nil, fmt.Errorf("%s is not an endpoint: expected https://host, or http:// on this machine", endpoint)
	}
	if os.Getenv("AWS_ACCESS_KEY_ID") == "" || os.Getenv("AWS_SECRET_ACCESS_KEY") == "" {
		return nil, errors.New("set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to the credentials of the bucket")
	}
	client, err := minio.New(e.Host, &minio.Options{Creds: credentials.NewEnvAWS(), Secure: e.Scheme == "https", Region: region})
	if err != nil {
		return nil, err
	}
	prefix := strings.Trim(u.Path, "/")
	if prefix != "" {
		prefix += "/"
	}
	return &Place{client, u.Host, prefix + id + "/"}, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (p *Place) key(name string) string { return p.prefix + name }

// partSize is how much is sent, and sent again, at a time.
const partSize = 16 << 20

// Put is that of [content.Place]. An object that has the size is the same, and is not
// sent again.
func (p *Place) Put(ctx context.Context, name string, file *os.File) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if there, err := p.client.StatObject(ctx, p.bucket, p.key(name), minio.StatObjectOptions{}); err == nil && there.Size == info.Size() {
		return nil
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err = p.client.PutObject(ctx, p.bucket, p.key(name), file, info.Size(), minio.PutObjectOptions{ContentType: "application/octet-stream", PartSize: partSize,
		DisableContentSha256: true}) // a file authenticates itself, and goes over TLS or stays on this machine
	return err
}

// Open is that of [content.Place].
func (p *Place) Open(ctx context.Context, name string) (content.File, error) {
	info, err := p.client.StatObject(ctx, p.bucket, p.key(name), minio.StatObjectOptions{})
	if err != nil {
		return nil, known(err)
	}
	return &file{place: p, key: p.key(name), etag: info.ETag, size: info.Size}, nil
}

// known is an error with that of package fs where there is no such object.
func known(err error) error {
	if minio.ToErrorResponse(err).Code == "NoSuchKey" {
		return fmt.Errorf("%w: %w", fs.ErrNotExist, err)
	}
	return err
}

// Each is that of [content.Place].
func (p *Place) Each(ctx context.Context, visit func(name string) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // what lists ends
	for o := range p.client.ListObjects(ctx, p.bucket, minio.ListObjectsOptions{Prefix: p.prefix, Recursive: true}) {
		if o.Err != nil {
			return o.Err
		}
		if err := visit(strings.TrimPrefix(o.Key, p.prefix)); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// Remove is that of [content.Place].
func (p *Place) Remove(ctx context.Context, name string) error {
	return p.client.RemoveObject(ctx, p.bucket, p.key(name), minio.RemoveObjectOptions{})
}

// file is an object that is read. Whoever reads on from where the read before ended has
// it from the same answer: a whole object is one request.
type file struct {
	place *Place
	key   string
	etag  string
	size  int64

	mu     sync.Mutex
	answer io.ReadCloser
	at     int64 // of the answer
}

// Size is that of [content.File].
func (f *file) Size() int64 { return f.size }

// ReadAt is that of [io.ReaderAt].
func (f *file) ReadAt(b []byte, off int64) (n int, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if off >= f.size {
		return 0, io.EOF
	}
	want := b[:min(int64(len(b)), f.size-off)]
	for try := 0; try < 2; try++ { // an answer that was left for long may have been ended
		var m int
		m, err = f.read(want[n:], off+int64(n))
		if n += m; err == nil {
			break
		}
		f.end()
	}
	if err == nil && n < len(b) {
		err = io.EOF
	}
	return n, err
}

func (f *file) read(b []byte, off int64) (int, error) {
	if f.answer == nil || f.at != off {
		f.end()
		o := minio.GetObjectOptions{}
		if err := o.SetMatchETag(f.etag); err != nil {
			return 0, err
		}
		if off > 0 { // from there to the end
			if err := o.SetRange(off, 0); err != nil {
				return 0, err
			}
		}
		core := minio.Core{Client: f.place.client}
		answer, _, _, err := core.GetObject(context.Background(), f.place.bucket, f.key, o)
		if err != nil {
			return 0, known(err)
		}
		f.answer, f.at = answer, off
	}
	n, err := io.ReadFull(f.answer, b)
	f.at += int64(n)
	return n, err
}

func (f *file) end() {
	if f.answer != nil {
		_ = f.answer.Close() // what is left of it is not read
	}
	f.answer = nil
}

// Close is that of [content.File].
func (f *file) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.end()
	return nil
}
