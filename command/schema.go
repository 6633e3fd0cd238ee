package command

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"holdfast/order"
)

// schema checks the parameters of a command. nil takes none.
type schema struct {
	compiled *jsonschema.Schema
	// parts counts the schemas in it, each as often as it is referred to.
	parts int
}

var errNoParams = errors.New("the command takes no parameters")

// local loads nothing: a schema is complete in itself.
type local struct{}

func (local) Load(url string) (any, error) {
	return nil, fmt.Errorf("refers to %s: a schema must be complete in itself", url)
}

func parseSchema(doc json.RawMessage) (*schema, error) {
	if len(doc) == 0 {
		return nil, nil //nolint:nilnil // a command without parameters
	}
	if len(doc) > MaxSchemaBytes {
		return nil, fmt.Errorf("the schema has %d bytes, of which it may have %d", len(doc), MaxSchemaBytes)
	}
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(doc))
	if err != nil {
		return nil, fmt.Errorf("is not JSON: %w", err)
	}
	if err := checkNumbers(parsed); err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.UseLoader(local{})
	const name = "command:///params.json" // a relative one would show the directory of this process
	if err := c.AddResource(name, parsed); err != nil {
		return nil, fmt.Errorf("is not a JSON schema: %w", err)
	}
	compiled, err := c.Compile(name)
	if err != nil {
		return nil, fmt.Errorf("is not a JSON schema: %s", oneLine(err))
	}
	m := measure{known: map[*jsonschema.Schema]int{}}
	parts, err := m.parts(compiled)
	if err != nil {
		return nil, err
	}
	return &schema{compiled, parts}, nil
}

// checkParams returns what is wrong with parameters of the command.
func (c *Command) checkParams(params json.RawMessage) error {
	s, err := parseSchema(c.Params)
	if err != nil {
		return err
	}
	return s.check(params)
}

// check returns what is wrong with parameters.
func (s *schema) check(params json.RawMessage) error {
	if s == nil {
		if trimmed := bytes.TrimSpace(params); len(trimmed) > 0 && !bytes.Equal(trimmed, []byte("{}")) && !bytes.Equal(trimmed, []byte("null")) {
			return errNoParams
		}
		return nil
	}
	if len(params) == 0 {
		params = json.RawMessage("{}")
	}
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(params))
	if err != nil {
		return fmt.Errorf("is not JSON: %w", err)
	}
	if err := checkNumbers(parsed); err != nil {
		return err
	}
	if n := valuesIn(parsed); n*s.parts > maxChecks {
		return fmt.Errorf("have %d values, too many for a schema of %d parts", n, s.parts)
	}
	if err := s.compiled.Validate(parsed); err != nil {
		return errors.New(order.CutText(oneLine(err), maxProblemBytes))
	}
	return nil
}

// oneLine returns the causes of a schema's error, without its own location.
func oneLine(err error) string {
	lines := strings.Split(err.Error(), "\n")
	if len(lines) > 1 {
		lines = lines[1:]
	}
	for i := range lines {
		lines[i] = strings.TrimPrefix(strings.TrimSpace(lines[i]), "- ")
	}
	return strings.Join(lines, "; ")
}
