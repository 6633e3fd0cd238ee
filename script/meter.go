package script

import (
	"bytes"
	"errors"
	"fmt"
)

// meter rewrites a WebAssembly module so that it counts its own steps.
//
// The engine alone polls at its own byte code, and so never inside a native loop such as a sort; wazero can stop such a
// loop only by leaving the machine code in each iteration of every loop, which makes scripts four times slower, and only
// by the clock. The rewritten module instead takes one from the global "fuel" at the head of each loop and function, and
// one for each 64 bytes of a bulk copy or fill. When the fuel is used up it calls the imported function env.host_interrupt,
// which grants more, or answers with 1, at which the module traps. So the same script with the same input takes the same
// number of steps in each run, whatever it does, and always comes back to Go soon: a goroutine inside machine code can't
// be preempted, and would hold up the garbage collector of the whole process.
func meter(module []byte) ([]byte, error) {
	m := &metering{}
	if len(module) < len(wasmHeader) || !bytes.Equal(module[:len(wasmHeader)], wasmHeader) {
		return nil, errors.New("not a WebAssembly module of version 1")
	}
	out := append([]byte(nil), wasmHeader...)
	r := &reader{b: module, at: len(wasmHeader)}
	for r.more() {
		id := r.byte()
		body := r.take(int(r.u32()))
		if r.err != nil {
			break
		}
		changed, err := m.section(id, body)
		if err != nil {
			return nil, fmt.Errorf("section %d: %w", id, err)
		}
		out = append(out, id)
		out = appendU32(out, uint32(size(len(changed))))
		out = append(out, changed...)
	}
	if r.err != nil {
		return nil, r.err
	}
	if m.seen != sectionsNeeded {
		return nil, errors.New("the module lacks a section that metering needs")
	}
	return out, nil
}

// fuelGlobal is the name under which the rewritten module exports its remaining steps.
const fuelGlobal = "fuel"

var wasmHeader = []byte{0, 'a', 's', 'm', 1, 0, 0, 0}

// The sections of a module, by their ids.
const (
	sectionType     = 1
	sectionImport   = 2
	sectionFunction = 3
	sectionGlobal   = 6
	sectionExport   = 7
	sectionCode     = 10

	sectionsNeeded = 1<<sectionType | 1<<sectionImport | 1<<sectionFunction | 1<<sectionGlobal | 1<<sectionExport | 1<<sectionCode
)

// metering is what has been learnt of a module while its sections are rewritten, in their order in the file. Whatever
// is added stands behind what was there, so that no index changes.
type metering struct {
	seen      uint
	types     uint32 // how many types the module had
	imports   uint32 // functions that it imports
	functions uint32 // functions that it had, imported ones included
	interrupt uint32 // the index of env.host_interrupt
	fuel      uint32 // the index of the new global
}

// The new functions, by their place behind the module's own.
func (m *metering) tick() uint32 { return m.functions }
func (m *metering) copy() uint32 { return m.functions + 1 }
func (m *metering) fill() uint32 { return m.functions + 2 }

func (m *metering) section(id byte, body []byte) ([]byte, error) {
	m.seen |= 1 << id & sectionsNeeded
	r := &reader{b: body}
	switch id {
	case sectionType:
		m.types = r.u32()
		// () -> () for tick, (i32, i32, i32) -> () for copy and fill.
		return r.extended(m.types, 2, []byte{0x60, 0, 0, 0x60, 3, 0x7f, 0x7f, 0x7f, 0})
	case sectionImport:
		return body, m.readImports(r)
	case sectionFunction:
		n := r.u32()
		m.functions = m.imports + n
		more := appendU32(nil, m.types)
		more = appendU32(more, m.types+1)
		more = appendU32(more, m.types+1)
		return r.extended(n, 3, more)
	case sectionGlobal:
		m.fuel = r.u32()
		return r.extended(m.fuel, 1, []byte{0x7f, 1, opI32Const, 0, opEnd}) // a mutable i32, at first 0
	case sectionExport:
		n := r.u32()
		more := append([]byte{byte(len(fuelGlobal))}, fuelGlobal...)
		return r.extended(n, 1, appendU32(append(more, 3), m.fuel))
	case sectionCode:
		return m.code(r)
	}
	return body, nil
}

// extended returns a vector's section whose count, n, has been read, with more entries at its end.
func (r *reader) extended(n, added uint32, more []byte) ([]byte, error) {
	out := appendU32(nil, n+added)
	out = append(out, r.b[min(r.at, len(r.b)):]...)
	return append(out, more...), r.err
}

func (m *metering) readImports(r *reader) error {
	found := false
	for n := r.u32(); n > 0 && r.err == nil; n-- {
		module, name := string(r.take(int(r.u32()))), string(r.take(int(r.u32())))
		if kind := r.byte(); kind != 0 {
			return fmt.Errorf("the import %s.%s is no function", module, name)
		}
		if module == "env" && name == "host_interrupt" {
			m.interrupt, found = m.imports, true
		}
		r.u32()
		m.imports++
	}
	if r.err == nil && !found {
		return errors.New("the module doesn't import env.host_interrupt")
	}
	return r.err
}

func (m *metering) code(r *reader) ([]byte, error) {
	n := r.u32()
	if n != m.functions-m.imports {
		return nil, fmt.Errorf("%d bodies for %d functions", n, m.functions-m.imports)
	}
	out := appendU32(nil, n+3)
	for i := range n {
		body, err := m.function(r.take(int(r.u32())))
		if err != nil {
			return nil, fmt.Errorf("function %d: %w", m.imports+i, err)
		}
		out = appendBody(out, body)
	}
	out = appendBody(out, m.tickBody())
	out = appendBody(out, m.bulkBody(opMemoryCopy, 0, 0))
	return appendBody(out, m.bulkBody(opMemoryFill, 0)), r.err
}

// function charges a step at the head of the function and of each of its loops, and sends bulk operations through the
// functions that charge for their length.
func (m *metering) function(body []byte) ([]byte, error) {
	r := &reader{b: body}
	for n := r.u32(); n > 0 && r.err == nil; n-- { // its locals
		r.u32()
		r.byte()
	}
	out := append([]byte(nil), body[:min(r.at, len(body))]...)
	out = m.charge(out)
	for r.more() {
		start := r.at
		op := r.instruction()
		switch op {
		case opMemoryCopy:
			out = appendU32(append(out, opCall), m.copy())
		case opMemoryFill:
			out = appendU32(append(out, opCall), m.fill())
		default:
			out = append(out, body[start:min(r.at, len(body))]...)
		}
		if op == opLoop {
			out = m.charge(out)
		}
	}
	return out, r.err
}

// charge appends: fuel -= 1; if fuel < 0 { tick() }
func (m *metering) charge(out []byte) []byte {
	return m.tickBelowZero(m.subtract(out, opI32Const, 1))
}

// subtract appends: fuel -= value, where value is an instruction.
func (m *metering) subtract(out []byte, value ...byte) []byte {
	out = appendU32(append(out, opGlobalGet), m.fuel)
	out = append(append(out, value...), opI32Sub)
	return appendU32(append(out, opGlobalSet), m.fuel)
}

func (m *metering) tickBelowZero(out []byte) []byte {
	out = appendU32(append(out, opGlobalGet), m.fuel)
	out = append(out, opI32Const, 0, opI32LtS, opIf, blockEmpty)
	out = appendU32(append(out, opCall), m.tick())
	return append(out, opEnd)
}

// tickBody is: if host_interrupt() { unreachable }
func (m *metering) tickBody() []byte {
	out := appendU32([]byte{0, opCall}, m.interrupt)
	return append(out, opIf, blockEmpty, opUnreachable, opEnd, opEnd)
}

// bulkBody is: fuel -= length / 64; if fuel < 0 { tick() }; the operation itself, with its immediates.
func (m *metering) bulkBody(op uint32, immediates ...byte) []byte {
	out := m.subtract([]byte{0}, opLocalGet, 2, opI32Const, 6, opI32ShrU)
	out = m.tickBelowZero(out)
	out = append(out, opLocalGet, 0, opLocalGet, 1, opLocalGet, 2, opPrefix)
	out = appendU32(out, op&0xff)
	return append(append(out, immediates...), opEnd)
}

func appendBody(out, body []byte) []byte {
	return append(appendU32(out, uint32(size(len(body)))), body...)
}
