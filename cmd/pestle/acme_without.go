//go:build !acme

package main

import (
	"crypto/tls"
	"errors"
	"log/slog"
)

// config refuses what this binary cannot do.
func (acmeOptions) config(uint16, string, *slog.Logger) (*tls.Config, func(), error) {
	return nil, nil, errors.New("--acme: this binary gets no certificates by itself: those of releases do, and the one that make build-s3 builds")
}
