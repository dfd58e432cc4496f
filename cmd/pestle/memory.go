package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// memory is a number of bytes as an operator writes it: 512MB or 2GB, or empty
// for a quarter of what the machine has.
type memory int64

// The least memory with which a body of the usual size can still be taken, and
// what is taken where the machine does not tell how much it has.
const (
	leastMemory   = 64 << 20
	unknownMemory = 4 << 30
)

// UnmarshalText reads 512MB, 2GB, or bytes.
func (m *memory) UnmarshalText(text []byte) error {
	s := strings.ToUpper(strings.TrimSpace(string(text)))
	if s == "" {
		*m = 0
		return nil
	}
	n, ok := bytesOf(s)
	if !ok || n < leastMemory {
		return fmt.Errorf("%q is not a size of memory that can be used: expected 64MB or more, such as 512MB or 2GB", text)
	}
	*m = memory(n)
	return nil
}

// bytesOf reads 512MB, 2GB, or bytes.
func bytesOf(s string) (n int64, ok bool) {
	digits, unit := s, int64(1)
	for suffix, size := range map[string]int64{"MB": 1 << 20, "GB": 1 << 30} {
		if rest, ok := strings.CutSuffix(s, suffix); ok {
			digits, unit = strings.TrimSpace(rest), size
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	return n * unit, err == nil && n <= 1<<50/unit
}

// dataSize is a number of bytes of a file, as an operator writes it.
type dataSize int64

// UnmarshalText reads 100MB, 2GB, or bytes.
func (d *dataSize) UnmarshalText(text []byte) error {
	n, ok := bytesOf(strings.ToUpper(strings.TrimSpace(string(text))))
	if !ok || n < fhir.LargeContent {
		return fmt.Errorf("%q is not the size of a document: expected %d bytes or more, such as 100MB or 2GB", text, fhir.LargeContent)
	}
	*d = dataSize(n)
	return nil
}

// orDefault is the memory, or a quarter of the machine's.
func (m memory) orDefault() int64 {
	if m > 0 {
		return int64(m)
	}
	return max(leastMemory, machineMemory("/proc/meminfo", "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")/4)
}

// machineMemory is what this process may have: what the machine has, or less by
// the limit of its control group. The files are Linux's.
func machineMemory(info string, limits ...string) int64 {
	total := int64(unknownMemory)
	text, _ := os.ReadFile(info) //nolint:gosec // a file of the kernel; none elsewhere
	for line := range strings.Lines(string(text)) {
		var kilobytes int64
		if n, _ := fmt.Sscanf(line, "MemTotal: %d kB", &kilobytes); n == 1 && kilobytes > 0 {
			total = kilobytes << 10
		}
	}
	for _, path := range limits {
		text, err := os.ReadFile(path) //nolint:gosec // as above
		if err != nil {
			continue
		}
		if n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil && n > 0 {
			total = min(total, n)
		}
	}
	return total
}
