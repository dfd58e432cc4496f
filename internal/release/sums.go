package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// sumsFile has the checksums of all other files, in the form of sha256sum.
const sumsFile = "SHA256SUMS"

// sums writes the checksums of the files of a folder.
func sums(folder string) error {
	entries, err := os.ReadDir(folder) // in the order of their names
	if err != nil {
		return err
	}
	var out bytes.Buffer
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(folder, e.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(&out, "%x  %s\n", sha256.Sum256(b), e.Name())
	}
	return os.WriteFile(filepath.Join(folder, sumsFile), out.Bytes(), 0o644)
}

// minisign signs; https://jedisct1.github.io/minisign describes its signatures.
const minisign = "aead.dev/minisign/cmd/minisign@v0.3.0"

// sign signs the checksums, where a key is named, or says that they are not signed.
func (r release) sign() error {
	if r.key == "" {
		fmt.Println("not signed: no key was named (PESTLE_SIGN_KEY=FILE, a minisign secret key)")
		return nil
	}
	file := filepath.Join(r.to, sumsFile)
	cmd := exec.Command("go", "run", minisign, "-S", "-s", r.key, "-m", file, "-x", file+".minisig",
		"-t", "pestle "+r.version, "-c", "minisign: pestle "+r.version)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr // it asks for the password of the key
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("minisign: %w", err)
	}
	fmt.Println("signed:", sumsFile+".minisig")
	return nil
}

// equal is an error that names each file in which two folders differ.
func equal(a, b string) error {
	var wrong []error
	names := map[string]bool{}
	for _, folder := range []string{a, b} {
		entries, err := os.ReadDir(folder)
		if err != nil {
			return err
		}
		for _, e := range entries {
			names[e.Name()] = true
		}
	}
	for name := range names {
		of, err := os.ReadFile(filepath.Join(a, name))
		other, err2 := os.ReadFile(filepath.Join(b, name))
		if err := errors.Join(err, err2); err != nil {
			wrong = append(wrong, err)
		} else if !bytes.Equal(of, other) {
			wrong = append(wrong, fmt.Errorf("%s differs: %d and %d bytes", name, len(of), len(other)))
		}
	}
	if err := errors.Join(wrong...); err != nil {
		return err
	}
	fmt.Printf("%d files of %s and %s are the same\n", len(names), a, b)
	return nil
}
