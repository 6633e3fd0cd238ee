package price

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"holdfast/product"
)

// Malformed lists what keeps a document from being read as a price book at all.
type Malformed product.Invalid //nolint:errname // like product.Invalid

func (m Malformed) Error() string { return product.Invalid(m).Error() }

// read reads a JSON document into v strictly: encoding/json alone would ignore unknown and
// repeated fields, take a missing price for 0, and name no path. Its error is Malformed or,
// for missing fields, product.Invalid.
func read(document []byte, v any) error {
	if !utf8.Valid(document) {
		return Malformed{{Reason: "must be UTF-8"}}
	}
	r := reader{d: json.NewDecoder(bytes.NewReader(document))}
	r.d.UseNumber()
	err := r.value("", reflect.TypeOf(v).Elem())
	if err == nil {
		if _, more := r.d.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("something follows the document")
		}
	}
	if err != nil {
		return Malformed{{Reason: "is not valid JSON"}}
	}
	if len(r.bad) > 0 {
		return Malformed(first(r.bad))
	}
	var wrong *json.UnmarshalTypeError
	if err := json.Unmarshal(document, v); errors.As(err, &wrong) { // a number out of range
		return Malformed{{Path: wrong.Field, Reason: "must be an integer of 64 bits"}}
	} else if err != nil {
		return Malformed{{Reason: "is not valid JSON"}}
	}
	return first(r.missing).OrNil()
}

// first keeps the first of very many problems.
func first(bad product.Invalid) product.Invalid {
	const most = 100
	if more := len(bad) - most; more > 0 {
		bad = bad[:most:most]
		bad.Add("", "and "+strconv.Itoa(more)+" more problems")
	}
	return bad
}

// reader compares a document with the type that it is for.
type reader struct {
	d            *json.Decoder
	bad, missing product.Invalid
}

// value reads one value of type t. Its error is one of syntax.
func (r *reader) value(path string, t reflect.Type) error {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	token, err := r.d.Token()
	if err != nil {
		return err
	}
	switch {
	case token == json.Delim('{') && t.Kind() == reflect.Struct && t != reflect.TypeFor[time.Time]():
		return r.object(path, t)
	case token == json.Delim('[') && t.Kind() == reflect.Slice:
		return r.list(path, t.Elem())
	case !fits(token, t):
		r.bad.Add(path, "must be "+wanted(t))
	}
	return r.skip(token)
}

func (r *reader) object(path string, t reflect.Type) error {
	fields := map[string]field{}
	fieldsOf(t, fields)
	for r.d.More() {
		token, err := r.d.Token()
		if err != nil {
			return err
		}
		name, _ := token.(string)
		f, known := fields[name]
		at := strings.TrimPrefix(path+"."+name, ".")
		switch {
		case !known:
			r.bad.Add(shortened(at), "is not a field of a price book")
			err = r.skipValue()
		case f.seen:
			r.bad.Add(at, "appears twice")
			err = r.skipValue()
		default:
			f.seen = true
			fields[name] = f
			err = r.value(at, f.t)
		}
		if err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if f := fields[name]; f.required && !f.seen {
			r.missing.Add(strings.TrimPrefix(path+"."+name, "."), "is required")
		}
	}
	_, err := r.d.Token()
	return err
}

func (r *reader) list(path string, of reflect.Type) error {
	for i := 0; r.d.More(); i++ {
		if err := r.value(indexed(path, i), of); err != nil {
			return err
		}
	}
	_, err := r.d.Token()
	return err
}

func (r *reader) skipValue() error {
	token, err := r.d.Token()
	if err != nil {
		return err
	}
	return r.skip(token)
}

// skip reads to the end of a value that begins with this token.
func (r *reader) skip(first json.Token) error {
	depth := 0
	for token := first; ; {
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			return nil
		}
		var err error
		if token, err = r.d.Token(); err != nil {
			return err
		}
	}
}

// field is a field of a JSON object. It is required unless it is left out when empty.
type field struct {
	t              reflect.Type
	required, seen bool
}

// fieldsOf adds a struct's fields by their JSON names, those of embedded structs included.
func fieldsOf(t reflect.Type, to map[string]field) {
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous:
			fieldsOf(f.Type, to)
		case name != "" && name != "-":
			to[name] = field{t: f.Type, required: options == ""}
		}
	}
}

// fits reports whether a scalar is of a type. null never is.
func fits(token json.Token, t reflect.Type) bool {
	switch v := token.(type) {
	case string:
		if t == reflect.TypeFor[time.Time]() {
			return new(time.Time).UnmarshalText([]byte(v)) == nil
		}
		return t.Kind() == reflect.String
	case json.Number:
		return (t.Kind() == reflect.Int || t.Kind() == reflect.Int64) && !strings.ContainsAny(v.String(), ".eE")
	case bool:
		return t.Kind() == reflect.Bool
	}
	return false
}

func wanted(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return "a time such as 2026-03-01T12:00:00Z"
	case t.Kind() == reflect.Int, t.Kind() == reflect.Int64:
		return "an integer, without fraction or exponent"
	case t.Kind() == reflect.String:
		return "a string"
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() == reflect.Slice:
		return "a list"
	}
	return "an object"
}

// shortened keeps the path of an unknown field readable, whatever its name is.
func shortened(path string) string {
	const most = 200
	if len(path) > most {
		path = strings.ToValidUTF8(path[:most], "") + "…"
	}
	if !product.PlainText(path) {
		path = strconv.Quote(path)
	}
	return path
}
