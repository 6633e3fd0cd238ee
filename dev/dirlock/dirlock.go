// Package dirlock restricts a data folder to one user at a time. A lock ends with the
// processes that hold it, however they end: there is never anything to clean up.
package dirlock

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"holdfast/dev/await"
)

// leftover is how long a killed holder may take to end: the system closes its files, which
// may be large, before it frees the lock.
const leftover = 10 * time.Second

// ErrHeld means that another process holds the lock.
var ErrHeld = errors.New("another process uses it")

// Take creates the folder and takes its lock, waiting a moment for a holder that is just
// ending. Closing the file releases the lock. A child process that inherits the file holds
// the lock too, until the last of them is gone.
func Take(ctx context.Context, dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("make folder %s: %w", dir, err)
	}
	file, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the folder is the caller's own
	if err != nil {
		return nil, fmt.Errorf("lock folder %s: %w", dir, err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, leftover, ErrHeld)
	defer cancel()
	err = await.Success(ctx, func(context.Context) error {
		return syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock folder %s: %w", dir, err), file.Close())
	}
	return file, nil
}
