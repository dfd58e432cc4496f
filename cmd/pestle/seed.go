package main

import (
	"context"
	"fmt"

	"github.com/pestle-fhir/pestle/server/auth"
)

// seed loads the files of a folder into a sandbox, as pestle load does. All of it is
// stored, or it fails: an environment with a part of its data proves nothing.
func (a *app) seed(ctx context.Context, folder string, std streams) error {
	files, err := expand([]string{folder})
	if err != nil {
		return fmt.Errorf("--seed: %w", err)
	}
	handler, err := loadHandler(a, auth.Sandbox{User: sandboxRequester}, nil)
	if err != nil {
		return err
	}
	std.progress = false
	l := &loader{handler: handler, std: std, workers: 2}
	l.load(ctx, files)
	if refused := l.refused.Load(); refused > 0 {
		return fmt.Errorf("--seed %s: %d resources are refused; remove the folder %s of the sandbox, which holds the rest", folder, refused, a.definitions.data)
	}
	a.log.Info("seeded", "resources", l.stored.Load(), "files", len(files))
	return nil
}
