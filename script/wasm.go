package script

import (
	"errors"
	"fmt"
)

// The instructions that metering reads or writes. Those behind a prefix have it in their second byte.
const (
	opUnreachable = 0x00
	opBlock       = 0x02
	opLoop        = 0x03
	opIf          = 0x04
	opEnd         = 0x0b
	opBrTable     = 0x0e
	opCall        = 0x10
	opSelectTyped = 0x1c
	opLocalGet    = 0x20
	opGlobalGet   = 0x23
	opGlobalSet   = 0x24
	opI32Const    = 0x41
	opI64Const    = 0x42
	opF32Const    = 0x43
	opF64Const    = 0x44
	opI32LtS      = 0x48
	opI32Sub      = 0x6b
	opI32ShrU     = 0x76
	opPrefix      = 0xfc
	opMemoryCopy  = opPrefix<<8 | 10
	opMemoryFill  = opPrefix<<8 | 11

	blockEmpty = 0x40
)

// reader reads the binary format. After an error it reads zeros.
type reader struct {
	b   []byte
	at  int
	err error
}

func (r *reader) more() bool { return r.err == nil && r.at < len(r.b) }

func (r *reader) byte() byte {
	if b := r.take(1); len(b) == 1 {
		return b[0]
	}
	return 0
}

func (r *reader) take(n int) []byte {
	if r.err == nil && (n < 0 || n > len(r.b)-r.at) {
		r.err = fmt.Errorf("the module ends within an entry, at byte %d", r.at)
	}
	if r.err != nil {
		return nil
	}
	r.at += n
	return r.b[r.at-n : r.at]
}

func (r *reader) u32() uint32 {
	var v uint32
	for shift := 0; ; shift += 7 {
		b := r.byte()
		if shift > 28 {
			r.fail(errors.New("a number of more than 32 bits"))
			return 0
		}
		v |= uint32(b&0x7f) << shift
		if b < 0x80 {
			return v
		}
	}
}

// skipInt skips a signed number of up to 64 bits.
func (r *reader) skipInt() {
	for n := 0; r.byte() >= 0x80; n++ {
		if n == 9 {
			r.fail(errors.New("a number of more than 64 bits"))
			return
		}
	}
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// skipInts skips n numbers.
func (r *reader) skipInts(n int) {
	for ; n > 0 && r.err == nil; n-- {
		r.skipInt()
	}
}

// instruction skips one instruction with its immediates and returns its opcode. An instruction that it doesn't know is
// an error: a wrong guess would charge in the wrong places.
func (r *reader) instruction() uint32 {
	op := uint32(r.byte())
	switch {
	case op == opBlock, op == opLoop, op == opIf: // the type
		r.skipInt()
	case op == 0x0c, op == 0x0d, op == opCall, op == 0x12: // br, br_if, call, return_call
		r.skipInt()
	case op == opBrTable:
		r.skipInts(int(r.u32()) + 1)
	case op == 0x11, op == 0x13: // call_indirect, return_call_indirect
		r.skipInts(2)
	case op == opSelectTyped:
		r.skipInts(int(r.u32()))
	case op >= opLocalGet && op <= 0x26: // locals, globals, tables
		r.skipInt()
	case op >= 0x28 && op <= 0x3e: // loads and stores: alignment and offset
		r.skipInts(2)
	case op == 0x3f, op == 0x40: // memory.size, memory.grow
		r.skipInt()
	case op == opI32Const, op == opI64Const:
		r.skipInt()
	case op == opF32Const:
		r.take(4)
	case op == opF64Const:
		r.take(8)
	case op == 0xd0, op == 0xd2: // ref.null, ref.func
		r.skipInt()
	case op <= 0x01, op == 0x05, op == opEnd, op == 0x0f, op == 0x1a, op == 0x1b, op >= 0x45 && op <= 0xc4, op == 0xd1:
		// without immediates: control, drop, select, comparisons and arithmetic, ref.is_null
	case op == opPrefix:
		return r.prefixed()
	default:
		r.fail(fmt.Errorf("unknown instruction %#x", op))
	}
	return op
}

func (r *reader) prefixed() uint32 {
	op := r.u32()
	switch op {
	case 0, 1, 2, 3, 4, 5, 6, 7: // conversions that saturate
	case 9, 11, 13, 15, 16, 17: // data.drop, memory.fill, elem.drop, table.grow, table.size, table.fill
		r.skipInt()
	case 8, 10, 12, 14: // memory.init, memory.copy, table.init, table.copy
		r.skipInts(2)
	default:
		r.fail(fmt.Errorf("unknown instruction %#x %d", opPrefix, op))
	}
	return opPrefix<<8 | op
}

func appendU32(out []byte, v uint32) []byte {
	for ; v >= 0x80; v >>= 7 {
		out = append(out, byte(v)|0x80)
	}
	return append(out, byte(v))
}
