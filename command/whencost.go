package command

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// maxWeight bounds how often one value of a condition may contain parts of the view. Nothing stops a
// condition that runs, and what it joins isn't counted as memory.
const maxWeight = 500

// weighing finds out what a condition may come to.
type weighing struct {
	refused string
	// weights are the variables' weights by name; whole has those that may have all lines in them.
	weights map[string]int
	whole   map[string]bool
	// element is the weight of what # stands for; 0 is outside of predicates.
	element int
}

// tooDear returns why a condition could take long, or make something large; empty if it couldn't.
func tooDear(node ast.Node) string {
	w := weighing{weights: map[string]int{}, whole: map[string]bool{}}
	w.of(node)
	return w.refused
}

func (w *weighing) refuse(format string, args ...any) {
	if w.refused == "" {
		w.refused = fmt.Sprintf(format, args...)
	}
}

// of returns how many parts of the view the node's value may have in it.
func (w *weighing) of(node ast.Node) int {
	weight := 1
	switch n := node.(type) {
	case *ast.VariableDeclaratorNode:
		w.weights[n.Name], w.whole[n.Name] = w.of(n.Value), w.hasLines(n.Value)
		weight = w.of(n.Expr)
	case *ast.IdentifierNode:
		if known := w.weights[n.Value]; known > 0 {
			weight = known
		}
		if w.element > 0 && w.hasLines(n) {
			w.refuse("%s can't be used as a whole in a predicate: its cost would grow with the square of the lines", n.Value)
		}
	case *ast.PointerNode:
		weight = max(w.element, 1)
	case *ast.MemberNode:
		weight = w.part(n.Node) + w.of(n.Property)
	case *ast.BuiltinNode:
		weight = w.call(n)
	default:
		for _, child := range childrenOf(node) {
			weight += w.of(child)
		}
	}
	if isScalar(node) {
		return 1
	}
	if weight > maxWeight {
		w.refuse("its values could become too large: use fewer variables and predicates that repeat others")
		return maxWeight
	}
	return weight
}

// part is of for a list of which a part is taken.
func (w *weighing) part(node ast.Node) int {
	if n, ok := node.(*ast.IdentifierNode); !ok || n.Value == "$env" {
		return w.of(node)
	}
	outer := w.element
	w.element = 0
	defer func() { w.element = outer }()
	return w.of(node)
}

func (w *weighing) call(n *ast.BuiltinNode) int {
	if !slices.Contains(whenFunctions, n.Name) {
		w.refuse("%s isn't available: conditions can call %s", n.Name, strings.Join(whenFunctions, ", "))
	}
	weight, first := 1, 0
	for i, arg := range n.Arguments {
		predicate, ok := arg.(*ast.PredicateNode)
		switch {
		case ok:
			outer := w.element
			w.element = max(first, 1)
			weight += w.of(predicate.Node)
			w.element = outer
		case i == 0 && slices.Contains([]string{"len", "first", "last"}, n.Name):
			weight += w.part(arg)
		default:
			more := w.of(arg)
			weight += more
			if i == 0 {
				first = more
			}
		}
	}
	return weight
}

// hasLines reports whether the node's value may be all lines, or be made of them.
func (w *weighing) hasLines(node ast.Node) bool {
	if isScalar(node) {
		return false
	}
	if n, ok := node.(*ast.IdentifierNode); ok {
		return n.Value == "lines" || n.Value == "$env" || w.whole[n.Value]
	}
	if n, ok := node.(*ast.PredicateNode); ok {
		return w.hasLines(n.Node)
	}
	return slices.ContainsFunc(childrenOf(node), w.hasLines)
}

// numbers are the functions that return one, though they may not be declared so.
var numbers = []string{"sum", "min", "max", "abs"}

// isScalar reports whether the node's value is a number, true or false.
func isScalar(node ast.Node) bool {
	if n, ok := node.(*ast.BuiltinNode); ok && slices.Contains(numbers, n.Name) {
		return true
	}
	t := node.Type()
	if t == nil {
		return false
	}
	k := t.Kind()
	return k >= reflect.Bool && k <= reflect.Float64
}
