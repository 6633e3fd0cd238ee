package embedded

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// shape is the version of a document's form in the index. An index of another shape finds
// nothing, so it is dropped and recreated.
const shape = "s9"

// A folder has one current generation of a view, named by a small file; a rebuild fills the
// next one beside it. Anything else there was left by an interrupted rebuild.
const (
	currentFile      = "CURRENT"
	generationPrefix = "index-"
	// fullMark follows the name of a generation that a rebuild has filled. One that was
	// created empty doesn't have it until the view is rebuilt.
	fullMark = "full"
)

// folder is where the generations of a view are stored.
type folder struct {
	path    string
	passing bool // nothing has to outlive a crash
	last    int  // number of the latest generation
}

// open opens the current generation, or creates one; full reports whether a rebuild has
// filled it. One of another shape is dropped with everything in it, and has to be filled
// again from Redis: no order may have left Redis for an embedded index.
func (f *folder) open() (g *generation, full bool, err error) {
	if err := os.MkdirAll(f.path, 0o700); err != nil {
		return nil, false, err
	}
	name, full, err := f.current()
	if err != nil {
		return nil, false, err
	}
	if name != "" {
		if g, err = openGeneration(filepath.Join(f.path, name), f.passing); err != nil {
			return nil, false, err
		}
	}
	if err := f.clear(name); err != nil {
		return nil, false, errors.Join(err, closeIfOpen(g))
	}
	if g != nil {
		return g, full, nil
	}
	if g, err = f.create(); err != nil {
		return nil, false, err
	}
	if err := f.point(g, false); err != nil {
		return nil, false, errors.Join(err, g.close())
	}
	return g, false, nil
}

func closeIfOpen(g *generation) error {
	if g == nil {
		return nil
	}
	return g.close()
}

// current names the current generation; empty if there is none of this shape.
func (f *folder) current() (name string, full bool, err error) {
	b, err := os.ReadFile(filepath.Join(f.path, currentFile))
	if errors.Is(err, fs.ErrNotExist) {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	name, mark, _ := strings.Cut(strings.TrimSpace(string(b)), " ")
	number, ok := strings.CutPrefix(name, generationPrefix+shape+"-")
	if !ok {
		return "", false, nil
	}
	if f.last, err = strconv.Atoi(number); err != nil {
		return "", false, fmt.Errorf("%s names no index: %w", currentFile, err)
	}
	name = generationName(f.last) // never a path that was written into the file
	if _, err := os.Stat(filepath.Join(f.path, name)); errors.Is(err, fs.ErrNotExist) {
		return "", false, nil
	}
	return name, mark == fullMark, nil
}

// clear removes every generation but one.
func (f *folder) clear(keep string) error {
	entries, err := os.ReadDir(f.path)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), generationPrefix) && e.Name() != keep {
			if err := os.RemoveAll(filepath.Join(f.path, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// create creates an empty generation that isn't current yet.
func (f *folder) create() (*generation, error) {
	f.last++
	return createGeneration(filepath.Join(f.path, generationName(f.last)), f.passing)
}

func generationName(number int) string {
	return generationPrefix + shape + "-" + strconv.Itoa(number)
}

// point makes a generation the current one, in one step: a crash leaves the old name or the
// new one.
func (f *folder) point(g *generation, full bool) error {
	text := filepath.Base(g.path)
	if full {
		text += " " + fullMark
	}
	temp := filepath.Join(f.path, currentFile+".new")
	if err := writeSynced(temp, text+"\n"); err != nil {
		return err
	}
	if err := os.Rename(temp, filepath.Join(f.path, currentFile)); err != nil {
		return err
	}
	return syncFolder(f.path)
}

func writeSynced(path, text string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600) //nolint:gosec // the folder is the caller's
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	return errors.Join(err, file.Sync(), file.Close())
}

func syncFolder(path string) error {
	dir, err := os.Open(path) //nolint:gosec // the folder is the caller's
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
