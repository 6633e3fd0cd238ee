package console

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"holdfast/client"
	"holdfast/web/site"
)

// mostScriptBytes of a posted form: a command has 256 KiB, of which a form makes up to three times as many.
const mostScriptBytes = 1 << 20

// beginning is what the form of a new command begins with: a whole command, with a test, that does nothing
// bad.
var beginning = url.Values{
	"target": {"order"},
	"inputs": {"total, guest"},
	"params": {"{\n  \"type\": \"object\",\n  \"additionalProperties\": false,\n  \"required\": [\"from\"],\n  \"properties\": {\"from\": {\"type\": \"integer\", \"minimum\": 1}}\n}"},
	"source": {"export function execute(view, params) {\n  if (view.total < params.from) return {}\n  return {patch: [{op: \"add\", path: \"/tags/-\", value: \"large\"}]}\n}\n"},
	"tests":  {"[\n  {\n    \"name\": \"a large order is tagged\",\n    \"view\": {\"total\": 20000},\n    \"params\": {\"from\": 20000},\n    \"expect\": {\"patch\": [{\"op\": \"add\", \"path\": \"/tags/-\", \"value\": \"large\"}]}\n  },\n  {\n    \"name\": \"others are not\",\n    \"view\": {\"total\": 19999},\n    \"params\": {\"from\": 20000},\n    \"expect\": {}\n  }\n]"},
}

// editor is the form in which a command is written. It is shown from what was typed alone, so that nothing
// gets lost while the gateway is away.
type editor struct {
	// ID of the command that is changed; empty for a new one.
	ID   string
	ETag string
	Form url.Values
	// Why the form was refused, and what is wrong with its fields.
	Why    string
	Fields map[string]string
	// Places are where the fields stop being JSON.
	Places map[string]place
	// Failures are the places of the script at which it can't be compiled.
	Failures []client.ScriptFailure
	// Tested is what the tests ended with, if Ran.
	Tested []client.CommandTested
	Ran    bool
	// Stale means that another version was stored since the form was opened.
	Stale bool
}

func (c *Console) newCommandPage(v *visit) error {
	return v.Render(http.StatusOK, editorView(v, editor{Form: beginning}))
}

func (c *Console) editCommandPage(v *visit) error {
	found, err := v.api.Command(v.R.Context(), v.R.PathValue("id"), 0)
	if err != nil {
		return err
	}
	if found.BuiltIn() {
		return site.ErrNotFound
	}
	form, err := formOf(found)
	if err != nil {
		return err
	}
	return v.Render(http.StatusOK, editorView(v, editor{ID: found.ID, ETag: found.ETag, Form: form}))
}

// formOf are the fields of the form for a command.
func formOf(c client.Command) (url.Values, error) {
	tests, err := indentedOf(c.Tests)
	if err != nil {
		return nil, err
	}
	form := url.Values{
		"description": {c.Description}, "target": {c.Target}, "inputs": {strings.Join(c.Inputs, ", ")}, "source": {c.Source}, "tests": {tests},
	}
	if len(c.Params) > 0 {
		form.Set("params", indented(c.Params))
	}
	return form, nil
}

// indentedOf writes a list as a form has it; an empty one is an empty field.
func indentedOf(tests []client.CommandTest) (string, error) {
	if len(tests) == 0 {
		return "", nil
	}
	doc, err := json.MarshalIndent(tests, "", "  ")
	if err != nil {
		return "", fmt.Errorf("write the tests: %w", err)
	}
	return string(doc), nil
}

// excerptOf is the place of a mistake in a field.
func (e editor) excerptOf(field string) []codeLine {
	return excerpt(e.Form.Get(field), e.Places[field].Line, e.Places[field].Column)
}

// saveCommand runs the tests of what was written. If all pass and that is wanted, it stores a version.
func (c *Console) saveCommand(v *visit) error {
	if err := v.ParseFormOf(mostScriptBytes); err != nil {
		return err
	}
	e := editor{ID: v.R.PathValue("id"), ETag: v.R.PostForm.Get("etag"), Form: v.R.PostForm, Fields: map[string]string{}, Places: map[string]place{}}
	for _, field := range []string{"source", "params", "tests"} { // browsers send CRLF
		e.Form.Set(field, strings.ReplaceAll(e.Form.Get(field), "\r\n", "\n"))
	}
	a := action{Form: e.Form}
	spec, err := specOf(a, e.ID)
	if err == nil {
		e.Tested, err = v.api.TryCommand(v.R.Context(), spec)
	}
	if err != nil {
		return v.refuseScript(e, err)
	}
	e.Ran = true
	if failed := failedOf(e.Tested); failed > 0 {
		e.Why = v.Text.N("console.editor.failed", failed)
		return v.Render(http.StatusUnprocessableEntity, editorView(v, e))
	}
	if e.Form.Get("do") != "store" {
		return v.Render(http.StatusOK, editorView(v, e))
	}
	var version int64
	isNew := false
	if e.ID == "" {
		version, isNew, err = v.api.CreateCommand(v.R.Context(), spec)
	} else {
		version, isNew, err = v.api.ChangeCommand(v.R.Context(), e.ETag, spec)
	}
	if err != nil {
		return v.refuseScript(e, err)
	}
	key := "console.done.command"
	if !isNew {
		key = "console.done.sameCommand"
	}
	v.Say("ok", key, "name", commandName(spec.ID, version))
	return v.Redirect(commandLink(spec.ID))
}

func failedOf(tests []client.CommandTested) (n int64) {
	for _, t := range tests {
		if !t.Passed {
			n++
		}
	}
	return n
}

// specOf reads the form. Its error names the fields that aren't what they should be.
func specOf(a action, id string) (client.CommandSpec, error) {
	spec := client.CommandSpec{
		ID: id, Description: a.text("description"), Target: a.text("target"), Inputs: words(a.text("inputs")),
		Source: a.Form.Get("source"),
	}
	invalid := invalidError{}
	if id == "" {
		if spec.ID = a.text("id"); spec.ID == "" {
			invalid["id"] = "field.required"
		}
	}
	if strings.TrimSpace(spec.Source) == "" {
		invalid["source"] = "field.required"
	}
	var bad badJSONError
	bad.read(a, "params", &spec.Params)
	bad.read(a, "tests", &spec.Tests)
	for i := range spec.Tests {
		if len(spec.Tests[i].Expect) == 0 {
			spec.Tests[i].Expect = json.RawMessage("{}")
		}
	}
	if len(invalid) > 0 {
		return spec, invalid
	}
	return spec, bad.orNil()
}

// words are what stands between spaces or commas.
func words(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\r' || r == '\t' })
}

// badJSONError names fields that aren't JSON, with where they stop being it.
type badJSONError map[string]jsonPlace

type jsonPlace struct {
	place
	Message string
}

func (b badJSONError) Error() string { return "fields of the form aren't JSON" }

func (b badJSONError) orNil() error {
	if len(b) == 0 {
		return nil
	}
	return b
}

// read reads a field of a form; an empty one is left out.
func (b *badJSONError) read(a action, field string, into any) {
	text := strings.ReplaceAll(a.Form.Get(field), "\r\n", "\n")
	if strings.TrimSpace(text) == "" {
		return
	}
	err := json.Unmarshal([]byte(text), into)
	if err == nil {
		return
	}
	at := jsonPlace{Message: err.Error()}
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		at.place = placeAt(text, syntax.Offset-1)
	} else if kind, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		at.place = placeAt(text, kind.Offset-1)
		at.Message = "a " + kind.Value + " can't stand here"
	}
	if *b == nil {
		*b = badJSONError{}
	}
	(*b)[field] = at
}

// refuseScript shows the form again, with why it was refused. Whatever the reason is, nothing that was
// typed is lost.
func (v *visit) refuseScript(e editor, err error) error {
	status := http.StatusUnprocessableEntity
	if invalid, ok := errors.AsType[invalidError](err); ok {
		for field, key := range invalid {
			e.Fields[field] = v.Text.T(key)
		}
		e.Why = v.Text.N("field.wrong", int64(len(invalid)))
		return v.Render(status, editorView(v, e))
	}
	if bad, ok := errors.AsType[badJSONError](err); ok {
		for field, at := range bad {
			e.Fields[field] = v.Text.T("console.field.json", "line", at.Line, "column", at.Column, "message", at.Message)
			e.Places[field] = at.place
		}
		e.Why = v.Text.N("field.wrong", int64(len(bad)))
		return v.Render(status, editorView(v, e))
	}
	p := problem(err)
	if e.Why = v.refusal(err); p == nil || e.Why == "" || p.Status == http.StatusTooManyRequests {
		trouble := site.TroubleOf(err)
		e.Why = v.Text.T("trouble."+trouble.Key+".title") + " " + v.Text.T("console.editor.kept")
		return v.Render(trouble.Status, editorView(v, e))
	}
	for _, bad := range p.Errors {
		e.blame(bad)
	}
	e.Failures = p.Failures
	switch p.Kind() {
	case "stale":
		e.Stale, e.Why = true, v.Text.T("console.editor.stale")
		if current, err := v.api.Command(v.R.Context(), e.ID, 0); err == nil {
			e.ETag = current.ETag // saving again is meant
		}
	case "command-exists":
		e.Fields["id"] = e.Why
	}
	return v.Render(status, editorView(v, e))
}

// blame puts what the API found wrong beside the field that it is about, or else into the sentence above
// the form.
func (e *editor) blame(bad client.FieldProblem) {
	field := fieldOf(bad.Path)
	reason := bad.Reason
	if bad.Path != field {
		reason = bad.Path + ": " + reason
	}
	if !e.Form.Has(field) {
		e.Why += " " + reason
		return
	}
	if before := e.Fields[field]; before != "" {
		reason = before + " · " + reason
	}
	e.Fields[field] = reason
}
