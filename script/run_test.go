package script

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// translated is the engine's machine code, for all tests: translating takes half a second, and more with the race detector.
var translated = sync.OnceValues(func() (*machine, error) {
	return newMachine(context.Background(), Options{}.withDefaults())
})

// open returns an engine like NewEngine's. Its runs have time enough on any machine, so that every outcome is one of the
// program's.
func open(t testing.TB, o Options) *Engine {
	t.Helper()
	if o.Deadline == 0 {
		o.Deadline = time.Minute
	}
	m, err := translated()
	require.NoError(t, err)
	o = o.withDefaults()
	e := &Engine{options: o, machine: m, pool: newPool(o.Workers, o.Queue), images: newImages(o.CacheBytes)}
	t.Cleanup(func() { require.NoError(t, e.pool.close(context.Background())) })
	return e
}

func compile(t testing.TB, e *Engine, source string) *Program {
	t.Helper()
	p, err := e.Compile(t.Context(), source)
	require.NoError(t, err)
	return p
}

// try compiles and runs a program on empty inputs.
func try(t testing.TB, e *Engine, source string) (Result, error) {
	t.Helper()
	p, err := e.Compile(t.Context(), source)
	if err != nil {
		return Result{}, err
	}
	return e.Run(t.Context(), p, json.RawMessage(`{}`), json.RawMessage(`{}`))
}

func TestAScriptComputesItsResultFromItsInput(t *testing.T) {
	e := open(t, Options{Workers: 2})
	p := compile(t, e, `
		const operation = (path, value) => ({ op: "set", path, value });
		export function execute(view, params) {
			const heavy = view.lines.filter(line => line.grams > params.limit);
			return { patch: heavy.map(line => operation("/lines/" + line.id + "/tag", "heavy")), note: undefined };
		}`)
	result, err := e.Run(t.Context(), p,
		json.RawMessage(`{"lines":[{"id":"a","grams":10},{"id":"b","grams":5000}]}`), json.RawMessage(`{"limit":1000}`))
	require.NoError(t, err)
	assert.JSONEq(t, `{"patch":[{"op":"set","path":"/lines/b/tag","value":"heavy"}]}`, string(result.JSON))
	assert.Positive(t, result.Steps)
	assert.Positive(t, result.Duration)
}

func TestASyntaxErrorSaysWhereItIs(t *testing.T) {
	e := open(t, Options{})
	_, err := e.Compile(t.Context(), "export function execute() {\n  return 1 +;\n}")
	var syntax *SyntaxError
	require.ErrorAs(t, err, &syntax)
	assert.Equal(t, SyntaxError{Message: "unexpected token in expression: ';'", Line: 2, Column: 13}, *syntax)
}

func TestAnExceptionSaysWhereItWasThrown(t *testing.T) {
	e := open(t, Options{})
	_, err := try(t, e, "function inner() {\n  throw new Error('no price');\n}\nexport function execute() { inner(); }")
	var thrown *ThrownError
	require.ErrorAs(t, err, &thrown)
	assert.Equal(t, "Error: no price", thrown.Message)
	assert.Equal(t, 2, thrown.Line)
	assert.Contains(t, thrown.Stack, "at execute (script.js:4:")

	_, err = try(t, e, "export function execute() { throw 'words' }")
	require.ErrorAs(t, err, &thrown)
	assert.Equal(t, "words", thrown.Message)

	_, err = try(t, e, "\nundefined.x; export function execute() {}")
	require.ErrorAs(t, err, &thrown, "the top level runs when the program is compiled")
	assert.Equal(t, 2, thrown.Line)
}

func TestAProgramMustExportTheFunctionExecute(t *testing.T) {
	e := open(t, Options{})
	for _, source := range []string{"", "function execute() {}", "export const execute = 1", "export default function execute() {}"} {
		_, err := e.Compile(t.Context(), source)
		require.ErrorIs(t, err, ErrNoExecute, source)
	}
	result, err := try(t, e, "export const execute = () => 1")
	require.NoError(t, err)
	assert.Equal(t, "1", string(result.JSON))
}
