//go:build !cluster

package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
)

// join makes the server one of several.
func (c *serveCommand) join(context.Context, *appConfig, net.Addr, *slog.Logger) (leave func(), err error) {
	return nil, errors.New("this binary serves alone: the one that make build-cluster builds can be one of several")
}
