package script

import (
	"bytes"
	"container/list"
	"context"
	"crypto/sha256"
	"errors"
	"sync"
)

// image is the memory of a box at rest, with the places of the functions that the host calls. Most of a program's memory
// is what every box has, so a program's image holds only the pages that differ from the base's.
type image struct {
	base  *image // nil for the base itself
	size  uint32 // of the memory
	pages []page // in their order; what lies between them is as in the base, and zero in the base itself
	stack uint64 // the stack pointer
	steps int64  // what loading took

	read, run, describe, execute pointer
}

type page struct {
	at   uint32
	data []byte
}

const pageSize = 4096

// capture fills the image with the box's memory.
func (b *box) capture(i *image) {
	memory, _ := b.memory.Read(0, b.memory.Size())
	i.base, i.size, i.stack, i.pages = b.machine.base, b.memory.Size(), b.stack.Get(), nil
	var below []page
	if i.base != nil {
		below = i.base.pages
	}
	for at := uint32(0); at < i.size; at += pageSize {
		before := zeros[:]
		if len(below) > 0 && below[0].at == at {
			before, below = below[0].data, below[1:]
		}
		if data := memory[at : at+pageSize]; !bytes.Equal(data, before) {
			i.pages = append(i.pages, page{at: at, data: bytes.Clone(data)})
		}
	}
}

var zeros [pageSize]byte

// copyTo writes the image to a memory of at least its size.
func (i *image) copyTo(memory []byte) {
	if i.base != nil {
		i.base.copyTo(memory)
		for _, p := range i.pages {
			copy(memory[p.at:], p.data)
		}
		return
	}
	end := uint32(0)
	for _, p := range i.pages {
		clear(memory[end:p.at])
		copy(memory[p.at:], p.data)
		end = p.at + pageSize
	}
	clear(memory[end:])
}

func (i *image) bytes() int { return len(i.pages)*pageSize + 200 }

// restore gives the box the image's memory. A box with more memory than that can't be used: the engine would have more at
// hand than in another run. It is replaced.
func (b *box) restore(ctx context.Context, i *image) error {
	if b.memory.Size() > i.size {
		fresh, err := b.machine.newBox(ctx)
		if err != nil {
			return err
		}
		b.discard(ctx)
		fresh.run = b.run
		*b = *fresh
	}
	if missing := i.size - b.memory.Size(); missing > 0 {
		if _, ok := b.memory.Grow(missing / wasmPage); !ok {
			return errors.New("the engine of scripts can't grow its memory")
		}
	}
	memory, _ := b.memory.Read(0, i.size)
	i.copyTo(memory)
	b.stack.Set(i.stack)
	return nil
}

// images keeps the images of programs that ran lately, by the hash of their source.
type images struct {
	mu     sync.Mutex
	limit  int
	bytes  int
	recent *list.List // of *entry, the latest first
	byKey  map[[sha256.Size]byte]*list.Element
}

type entry struct {
	key   [sha256.Size]byte
	image *image
}

func newImages(limit int) *images {
	return &images{limit: limit, recent: list.New(), byKey: map[[sha256.Size]byte]*list.Element{}}
}

func (c *images) get(key [sha256.Size]byte) *image {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.byKey[key]
	if e == nil {
		return nil
	}
	c.recent.MoveToFront(e)
	return e.Value.(*entry).image
}

func (c *images) put(key [sha256.Size]byte, i *image) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byKey[key] != nil { // another worker loaded it at the same time
		return
	}
	c.byKey[key] = c.recent.PushFront(&entry{key: key, image: i})
	for c.bytes += i.bytes(); c.bytes > c.limit; {
		last := c.recent.Remove(c.recent.Back()).(*entry)
		delete(c.byKey, last.key)
		c.bytes -= last.image.bytes()
	}
}
