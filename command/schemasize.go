package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// What it may take to check parameters. Nothing can stop a check that has begun, so its cost is known
// before.
const (
	// maxParts is how many schemas there may be in one: more than fit into MaxSchemaBytes without
	// references.
	maxParts = 3000
	// maxChecks bounds the parts times the values of the parameters.
	maxChecks = 200_000
	// maxExponent is beyond every number that a script can read. Exact arithmetic writes out the zeros.
	maxExponent = 400
	// maxProblemBytes bounds what is said about parameters.
	maxProblemBytes = 4 << 10
)

// measure counts the parts of a schema.
type measure struct {
	// known are counted parts; 0 is one that is being counted.
	known map[*jsonschema.Schema]int
}

// parts counts a schema and those in it, each as often as it is referred to: checking takes as long. A
// schema within itself would have no end.
func (m measure) parts(s *jsonschema.Schema) (int, error) {
	n, begun := m.known[s]
	switch {
	case begun && n == 0:
		return 0, errors.New("refers to itself: a schema must have an end")
	case begun:
		return n, nil
	case s.DynamicRef != nil || s.RecursiveRef != nil:
		return 0, errors.New("has a $dynamicRef or $recursiveRef: use $ref")
	}
	m.known[s] = 0
	n = 1
	for _, part := range partsOf(s) {
		more, err := m.parts(part)
		if err != nil {
			return 0, err
		}
		if n += more; n > maxParts {
			return 0, fmt.Errorf("has more than %d parts, with what it refers to", maxParts)
		}
	}
	m.known[s] = n
	return n, nil
}

// partsOf returns the schemas that stand in a schema.
func partsOf(s *jsonschema.Schema) (all []*jsonschema.Schema) {
	fields := reflect.ValueOf(s).Elem()
	for i := range fields.NumField() {
		if fields.Type().Field(i).IsExported() {
			all = append(all, schemasOf(fields.Field(i).Interface())...)
		}
	}
	return all
}

// schemasOf returns the schemas in a field of a schema.
func schemasOf(field any) (all []*jsonschema.Schema) {
	switch f := field.(type) {
	case *jsonschema.Schema:
		if f != nil {
			all = append(all, f)
		}
	case []*jsonschema.Schema:
		all = f
	case map[string]*jsonschema.Schema:
		for _, s := range f {
			all = append(all, s)
		}
	case map[jsonschema.Regexp]*jsonschema.Schema:
		for _, s := range f {
			all = append(all, s)
		}
	case map[string]any: // dependencies, which are schemas or lists of names
		for _, v := range f {
			all = append(all, schemasOf(v)...)
		}
	}
	return all
}

// valuesIn counts the values in a document.
func valuesIn(document any) int {
	n := 1
	eachIn(document, func(v any) { n += valuesIn(v) })
	return n
}

// checkNumbers refuses numbers so large or small that writing them out takes long.
func checkNumbers(document any) (err error) {
	if n, ok := document.(json.Number); ok {
		_, exponent, has := strings.Cut(strings.ToLower(n.String()), "e")
		if e, wrong := strconv.Atoi(exponent); has && (wrong != nil || e > maxExponent || e < -maxExponent) {
			return fmt.Errorf("has a number with the exponent %.20s", exponent)
		}
	}
	eachIn(document, func(v any) {
		if err == nil {
			err = checkNumbers(v)
		}
	})
	return err
}

// eachIn visits the elements of a list or the members of an object.
func eachIn(document any, visit func(any)) {
	switch d := document.(type) {
	case []any:
		for _, v := range d {
			visit(v)
		}
	case map[string]any:
		for _, v := range d {
			visit(v)
		}
	}
}
