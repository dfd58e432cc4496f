package badger

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
)

// logger passes the engine's messages on. Its everyday ones are debug to us.
type logger struct{ log *slog.Logger }

func (l logger) write(level slog.Level, format string, args []any) {
	if l.log != nil {
		l.log.Log(context.Background(), level, "engine", "message", strings.TrimSpace(fmt.Sprintf(format, args...)))
	}
}

func (l logger) Errorf(f string, a ...any)   { l.write(slog.LevelError, f, a) }
func (l logger) Warningf(f string, a ...any) { l.write(slog.LevelWarn, f, a) }
func (l logger) Infof(f string, a ...any)    { l.write(slog.LevelDebug, f, a) }
func (l logger) Debugf(f string, a ...any)   { l.write(slog.LevelDebug, f, a) }
