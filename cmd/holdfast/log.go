package main

import (
	"io"
	"log/slog"
)

// newLog writes JSON lines, for machines to read.
func newLog(w io.Writer) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: slog.LevelInfo}))
}
