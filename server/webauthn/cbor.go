package webauthn

import (
	"errors"
	"math"
	"unicode/utf8"
)

// errCBOR is the error of bytes that are not CBOR as authenticators write it.
var errCBOR = errors.New("it is not CBOR of definite lengths with each key once")

// maxDepth is how deep values may be in each other: CTAP 2.1 section 8, with two
// levels to spare.
const maxDepth = 6

// decode reads one value of CBOR (RFC 8949) and returns what follows it: int64,
// []byte, string, bool, nil, []any or map[any]any with keys that are numbers or
// texts. Values of other types are errors.
func decode(data []byte) (value any, rest []byte, err error) {
	d := decoder{data}
	value, err = d.value(0)
	return value, d.data, err
}

type decoder struct{ data []byte }

func (d *decoder) value(depth int) (any, error) {
	if depth > maxDepth || len(d.data) == 0 {
		return nil, errCBOR
	}
	major, info := d.data[0]>>5, d.data[0]&0x1f
	d.data = d.data[1:]
	if major == 7 {
		return simple(info)
	}
	n, err := d.argument(info)
	if err != nil {
		return nil, err
	}
	switch major {
	case 0:
		return int64(n), nil //nolint:gosec // argument bounds it
	case 1:
		return -1 - int64(n), nil //nolint:gosec // argument bounds it
	case 2:
		return d.bytes(n)
	case 3:
		text, err := d.bytes(n)
		if err != nil || !utf8.Valid(text) {
			return nil, errCBOR
		}
		return string(text), nil
	case 4:
		return d.list(n, depth)
	case 5:
		return d.members(n, depth)
	}
	return nil, errCBOR // a tag
}

func simple(info byte) (any, error) {
	switch info {
	case 20, 21:
		return info == 21, nil
	case 22:
		return nil, nil //nolint:nilnil // null is a value
	}
	return nil, errCBOR
}

// argument reads the number that a head has.
func (d *decoder) argument(info byte) (n uint64, err error) {
	if info < 24 {
		return uint64(info), nil
	}
	size := 1 << (info - 24)
	if info > 27 || len(d.data) < size {
		return 0, errCBOR
	}
	for _, b := range d.data[:size] {
		n = n<<8 | uint64(b)
	}
	d.data = d.data[size:]
	if n > math.MaxInt64-1 {
		return 0, errCBOR
	}
	return n, nil
}

func (d *decoder) bytes(n uint64) ([]byte, error) {
	if n > uint64(len(d.data)) {
		return nil, errCBOR
	}
	b := d.data[:n:n]
	d.data = d.data[n:]
	return b, nil
}

func (d *decoder) list(n uint64, depth int) ([]any, error) {
	if n > uint64(len(d.data)) { // a byte each at least
		return nil, errCBOR
	}
	list := make([]any, 0, n)
	for range n {
		v, err := d.value(depth + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

func (d *decoder) members(n uint64, depth int) (map[any]any, error) {
	if n > uint64(len(d.data))/2 {
		return nil, errCBOR
	}
	members := make(map[any]any, n)
	for range n {
		key, err := d.value(depth + 1)
		if err != nil {
			return nil, err
		}
		switch key.(type) {
		case int64, string:
		default:
			return nil, errCBOR
		}
		if _, twice := members[key]; twice {
			return nil, errCBOR
		}
		if members[key], err = d.value(depth + 1); err != nil {
			return nil, err
		}
	}
	return members, nil
}
