package api

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const mergePatchType = "application/merge-patch+json"

// body returns the body of a request, which must be JSON.
func body(c *gin.Context) ([]byte, error) {
	return bodyOf(c, errMediaType, "application/json")
}

// patchBody returns the body of a request, which must be a JSON merge patch.
func patchBody(c *gin.Context) ([]byte, error) {
	b, err := bodyOf(c, errPatchType, mergePatchType)
	if errors.Is(err, errPatchType) {
		c.Header("Accept-Patch", mergePatchType)
	}
	return b, err
}

// bodyOf returns the body of a request, which must have one of the media types: otherwise it
// returns the error refused.
func bodyOf(c *gin.Context, refused error, media ...string) ([]byte, error) {
	types := c.Request.Header["Content-Type"]
	if len(types) != 1 || !slices.ContainsFunc(media, func(m string) bool { return isMedia(types[0], m) }) {
		return nil, refused
	}
	if e := c.GetHeader("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return nil, errEncoding
	}
	return sent(c), nil
}

// sent returns the body that readBody has read.
func sent(c *gin.Context) []byte {
	v, _ := c.Get(gin.BodyBytesKey)
	b, _ := v.([]byte)
	return b
}

func isMedia(contentType, media string) bool {
	if contentType == media {
		return true
	}
	found, params, err := mime.ParseMediaType(contentType)
	charset := params["charset"]
	return err == nil && found == media && (charset == "" || strings.EqualFold(charset, "utf-8"))
}

// decode reads a request's body into v, strictly: a field that isn't in the contract is refused,
// with its path.
func decode(c *gin.Context, v any) error {
	b, err := body(c)
	if err != nil {
		return err
	}
	return decodeStrict(b, v)
}

// decodePatch reads a JSON merge patch (RFC 7396) into v, whose fields are pointers. null
// removes a field: it is read as the empty value that removable has for the field, and is refused
// for all other fields.
func decodePatch(c *gin.Context, v any, removable map[string]string) error {
	b, err := patchBody(c)
	if err != nil {
		return err
	}
	var fields map[string]jsontext.Value
	if err := json.Unmarshal(b, &fields); err != nil {
		return readingError(b, err)
	}
	for name, empty := range removable {
		if f, there := fields[name]; there && f.Kind() == 'n' {
			fields[name] = jsontext.Value(empty)
		}
	}
	if fields == nil {
		return malformed("", "must be an object")
	}
	if b, err = json.Marshal(fields); err != nil {
		return readingError(b, err)
	}
	return decodeStrict(b, v)
}

// decodeOptional is decode for a call whose body is optional.
func decodeOptional(c *gin.Context, v any) error {
	if len(c.Request.Header["Content-Type"]) > 0 {
		b, err := body(c)
		if err != nil || len(b) == 0 {
			return err
		}
		return decodeStrict(b, v)
	}
	if len(sent(c)) > 0 {
		return errMediaType
	}
	return nil
}

// decodeKeyed is decode for a call that takes an Idempotency-Key, which it checks first.
func decodeKeyed(c *gin.Context, key *string, v any) error {
	if err := checkKey(key); err != nil {
		return err
	}
	return decode(c, v)
}

// decodeOptionalKeyed is decodeKeyed for a call whose body is optional.
func decodeOptionalKeyed(c *gin.Context, key *string, v any) error {
	if err := checkKey(key); err != nil {
		return err
	}
	return decodeOptional(c, v)
}

var strict = json.RejectUnknownMembers(true)

// decodeStrict refuses unknown and repeated fields, wrong types, invalid UTF-8 and null. Field
// names are case-sensitive.
func decodeStrict(b []byte, v any) error {
	if err := json.Unmarshal(b, v, strict); err != nil {
		return readingError(b, err)
	}
	if bytes.Contains(b, []byte("null")) {
		return findNull(b)
	}
	return nil
}

func readingError(b []byte, err error) error {
	var (
		semantic  *json.SemanticError
		syntactic *jsontext.SyntacticError
	)
	switch {
	case errors.As(err, &semantic) && errors.Is(err, json.ErrUnknownName):
		return malformed(fieldPath(semantic.JSONPointer), "is not a field of this call")
	case errors.As(err, &semantic):
		return malformed(fieldPath(semantic.JSONPointer), wrongType(semantic))
	case errors.As(err, &syntactic) && errors.Is(err, jsontext.ErrDuplicateName):
		return malformed(fieldPath(syntactic.JSONPointer), "appears twice")
	case len(bytes.TrimSpace(b)) == 0:
		return malformed("", "the body is empty")
	}
	return malformed("", "the body is not valid JSON")
}

func wrongType(e *json.SemanticError) string {
	wanted := "of another type"
	switch {
	case e.GoType == reflect.TypeFor[time.Time]():
		wanted = "a time such as 2026-03-01T12:00:00Z"
	case e.GoType != nil:
		switch e.GoType.Kind().String() {
		case "int64", "int":
			wanted = "an integer, without fraction or exponent, of 64 bits"
		case "string":
			wanted = "a string"
		case "slice":
			wanted = "a list"
		case "map", "struct":
			wanted = "an object"
		}
	}
	return "must be " + wanted
}

// findNull returns an error for the first null: a field is either omitted or has a value.
func findNull(b []byte) error {
	d := jsontext.NewDecoder(bytes.NewReader(b))
	for {
		t, err := d.ReadToken()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return malformed("", "the body is not valid JSON")
		}
		if t.Kind() == 'n' {
			return malformed(fieldPath(d.StackPointer()), "must not be null")
		}
	}
}

// fieldPath writes "/lines/2/quantity" as "lines[2].quantity".
func fieldPath(p jsontext.Pointer) string {
	var b strings.Builder
	for token := range p.Tokens() {
		switch {
		case isIndex(token) && b.Len() > 0:
			b.WriteString("[" + token + "]")
		case b.Len() > 0:
			b.WriteString("." + token)
		default:
			b.WriteString(token)
		}
	}
	return shown(b.String())
}

func isIndex(token string) bool {
	for _, r := range token {
		if r < '0' || r > '9' {
			return false
		}
	}
	return token != ""
}
