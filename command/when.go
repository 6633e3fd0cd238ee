package command

import (
	"errors"
	"fmt"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"
)

// condition is a compiled Step.When. nil is always met.
type condition struct{ program *vm.Program }

// whenFunctions are what conditions can call: nothing that reads a clock or makes something
// large.
var whenFunctions = []string{
	"all", "any", "none", "one", "count", "sum", "filter", "map", "find", "first", "last", "len",
	"lower", "upper", "trim", "hasPrefix", "hasSuffix", "indexOf", "abs", "min", "max", "int", "float", "string",
}

const (
	maxWhenNodes  = 200
	maxWhenMemory = 100_000
)

// WhenError is an error in a condition, with its place if that is known.
type WhenError struct {
	Line, Column int // from 1, 0 unknown
	Message      string
}

func (e *WhenError) Error() string {
	if e.Line == 0 {
		return e.Message
	}
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Message)
}

// parseWhen compiles a condition. A published one may be dearer than a new one.
func parseWhen(text string, published bool) (*condition, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // no condition
	}
	options := []expr.Option{
		expr.Env(View{}), expr.AsBool(), expr.MaxNodes(maxWhenNodes), expr.DisableAllBuiltins(),
		// Without the optimizer ranges stay visible, and compiling takes no memory for them.
		expr.Optimize(false),
	}
	for _, f := range whenFunctions {
		options = append(options, expr.EnableBuiltin(f))
	}
	program, err := expr.Compile(text, options...)
	if err != nil {
		return nil, whenError(err)
	}
	g := guard{}
	node := program.Node()
	ast.Walk(&node, &g)
	if g.deepest(node) > 1 {
		return nil, &WhenError{Message: "a predicate can't stand in another one: its cost would grow with the square of the lines"}
	}
	if g.refused == "" && !published {
		g.refused = tooDear(node)
	}
	if g.refused != "" {
		return nil, &WhenError{Message: g.refused}
	}
	return &condition{program}, nil
}

func whenError(err error) error {
	if at, ok := errors.AsType[*file.Error](err); ok {
		return &WhenError{Line: at.Line, Column: at.Column + 1, Message: at.Message}
	}
	return &WhenError{Message: err.Error()}
}

// guard refuses what a condition could use to take long.
type guard struct{ refused string }

// Visit implements ast.Visitor.
func (g *guard) Visit(node *ast.Node) {
	if b, ok := (*node).(*ast.BinaryNode); ok && b.Operator == ".." {
		g.refused = "ranges (..) aren't available"
	}
}

// deepest returns how deep predicates stand in each other.
func (g *guard) deepest(node ast.Node) int {
	d := depth{}
	d.walk(node, 0)
	return d.most
}

// depth counts predicates within predicates. ast.Walk visits children first, so it can't.
type depth struct{ most int }

func (d *depth) walk(node ast.Node, within int) {
	if p, ok := node.(*ast.PredicateNode); ok {
		within++
		d.most = max(d.most, within)
		d.walk(p.Node, within)
		return
	}
	for _, child := range childrenOf(node) {
		d.walk(child, within)
	}
}

func childrenOf(node ast.Node) []ast.Node {
	switch n := node.(type) {
	case *ast.UnaryNode:
		return []ast.Node{n.Node}
	case *ast.BinaryNode:
		return []ast.Node{n.Left, n.Right}
	case *ast.ChainNode:
		return []ast.Node{n.Node}
	case *ast.MemberNode:
		return []ast.Node{n.Node, n.Property}
	case *ast.SliceNode:
		return []ast.Node{n.Node, n.From, n.To}
	case *ast.CallNode:
		return append([]ast.Node{n.Callee}, n.Arguments...)
	case *ast.BuiltinNode:
		return n.Arguments
	case *ast.ConditionalNode:
		return []ast.Node{n.Cond, n.Exp1, n.Exp2}
	case *ast.VariableDeclaratorNode:
		return []ast.Node{n.Value, n.Expr}
	case *ast.SequenceNode:
		return n.Nodes
	case *ast.ArrayNode:
		return n.Nodes
	case *ast.MapNode:
		return n.Pairs
	case *ast.PairNode:
		return []ast.Node{n.Key, n.Value}
	}
	return nil
}

// met reports whether the condition holds. An error is a failure of the step, as one of its
// command would be.
func (c *condition) met(v *View) (bool, error) {
	if c == nil {
		return true, nil
	}
	machine := vm.VM{MemoryBudget: maxWhenMemory}
	out, err := machine.Run(c.program, *v)
	if err != nil {
		return false, whenError(err)
	}
	met, ok := out.(bool)
	if !ok {
		return false, &WhenError{Message: fmt.Sprintf("is %T, not a condition", out)}
	}
	return met, nil
}
