package console

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"holdfast/client"
	"holdfast/web/site"
)

// draftActs change the steps of a draft. What they return is saved; where says which part of the page to
// show then.
var draftActs = map[string]func(action, []client.ChainStep) (steps []client.ChainStep, where string, err error){
	"add":    addStep,
	"change": changeStep,
	"remove": removeStep,
	"up": func(a action, steps []client.ChainStep) ([]client.ChainStep, string, error) {
		return moveStep(a, steps, -1)
	},
	"down": func(a action, steps []client.ChainStep) ([]client.ChainStep, string, error) {
		return moveStep(a, steps, 1)
	},
}

// actOnChain does what a form of a scenario's page asks.
func (c *Console) actOnChain(v *visit) error {
	if err := v.ParseFormOf(mostScriptBytes); err != nil {
		return err
	}
	a := action{Form: v.R.PostForm}
	switch name := v.R.PathValue("act"); name {
	case "publish":
		return c.publishDraft(v, a)
	case "try":
		return c.tryDraft(v, a)
	case "reset":
		return c.resetDraft(v, a)
	default:
		act, known := draftActs[name]
		if !known {
			return site.ErrNotFound
		}
		return c.editDraft(v, name, a, act)
	}
}

// editDraft changes the draft, if it is still as the page showed it.
func (c *Console) editDraft(v *visit, name string, a action, act func(action, []client.ChainStep) ([]client.ChainStep, string, error)) error {
	scenario := v.R.PathValue("scenario")
	shown, tag, err := v.editable(scenario)
	if err != nil {
		return err
	}
	form := name
	if name != "add" {
		form += "-" + a.text("step")
	}
	var where string
	var steps []client.ChainStep
	if tag != a.Form.Get("etag") {
		err = errStaleDraft
	} else {
		steps, where, err = act(a, slices.Clone(shown))
	}
	if err == nil {
		_, err = v.api.SaveDraft(v.R.Context(), scenario, tag, steps)
	}
	if err == nil {
		return v.Redirect(scenarioLink(scenario) + "#" + where)
	}
	t := v.triedStep(form, a, err)
	if t == nil {
		return err
	}
	return c.showScenario(v, board{sheet: sheet{Tried: t}}, http.StatusUnprocessableEntity)
}

// errStaleDraft means that someone else changed the draft since the page was made.
var errStaleDraft = errors.New("the draft was changed in the meantime")

// editable are the steps that an edit begins with, and the tag of the draft; it is empty if none was saved.
func (v *visit) editable(scenario string) (steps []client.ChainStep, tag string, err error) {
	d, err := v.draftOf(scenario)
	if err != nil {
		return nil, "", err
	}
	if d != nil {
		return d.Steps, d.ETag, nil
	}
	steps, err = v.published(scenario)
	return steps, "", err
}

// published are the steps of a scenario's current chain.
func (v *visit) published(scenario string) ([]client.ChainStep, error) {
	scenarios, err := v.api.Scenarios(v.R.Context())
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(scenarios, func(s client.Scenario) bool { return s.Name == scenario })
	if i < 0 {
		return nil, site.ErrNotFound
	}
	if scenarios[i].Version == 0 {
		return nil, nil
	}
	chain, err := v.api.Chain(v.R.Context(), scenario, scenarios[i].Version)
	return chain.Steps, err
}

// stepAt is the step that a form is about.
func stepAt(a action, steps []client.ChainStep) (int, error) {
	i, err := strconv.Atoi(a.Form.Get("step"))
	if err != nil || i < 0 || i >= len(steps) {
		return 0, &site.BadRequestError{Reason: "step"}
	}
	return i, nil
}

func addStep(a action, steps []client.ChainStep) ([]client.ChainStep, string, error) {
	step, err := readStep(a, client.ChainStep{Command: a.text("add")})
	return append(steps, step), stepAnchor(len(steps)), err
}

func changeStep(a action, steps []client.ChainStep) ([]client.ChainStep, string, error) {
	i, err := stepAt(a, steps)
	if err != nil {
		return nil, "", err
	}
	steps[i], err = readStep(a, steps[i])
	return steps, stepAnchor(i), err
}

func removeStep(a action, steps []client.ChainStep) ([]client.ChainStep, string, error) {
	i, err := stepAt(a, steps)
	if err != nil {
		return nil, "", err
	}
	return slices.Delete(steps, i, i+1), "draft", nil
}

func moveStep(a action, steps []client.ChainStep, by int) ([]client.ChainStep, string, error) {
	i, err := stepAt(a, steps)
	if err != nil {
		return nil, "", err
	}
	if to := i + by; to >= 0 && to < len(steps) {
		steps[i], steps[to] = steps[to], steps[i]
		i = to
	}
	return steps, stepAnchor(i), nil
}

func stepAnchor(i int) string { return "step-" + strconv.Itoa(i) }

// readStep reads the fields of a step.
func readStep(a action, step client.ChainStep) (client.ChainStep, error) {
	version, err := strconv.ParseInt(a.text("version"), 10, 64)
	if err != nil || version < 1 {
		return step, invalidError{"version": "console.field.version"}
	}
	step.Version, step.OnError = version, a.text("onError")
	step.When = strings.TrimSpace(strings.ReplaceAll(a.Form.Get("when"), "\r\n", "\n"))
	step.Params = nil
	var bad badJSONError
	bad.read(a, "params", &step.Params)
	return step, bad.orNil()
}

// triedStep says what was wrong with a step's form, or returns nil for errors that aren't about it.
func (v *visit) triedStep(form string, a action, err error) *tried {
	t := &tried{Form: form, Values: a.Form, Fields: map[string]string{}, Places: map[string]place{}}
	if errors.Is(err, errStaleDraft) || problem(err, "stale") != nil {
		t.Why = v.Text.T("console.draft.stale")
		return t
	}
	if bad, ok := errors.AsType[badJSONError](err); ok {
		for field, at := range bad {
			t.Fields[field] = v.Text.T("console.field.json", "line", at.Line, "column", at.Column, "message", at.Message)
			t.Places[field] = at.place
		}
		t.Why = v.Text.N("field.wrong", int64(len(bad)))
		return t
	}
	p := problem(err, "invalid-values")
	if p == nil {
		return v.triedOf(form, a.Form, err)
	}
	t.Why = v.refusal(err)
	for _, bad := range p.Errors {
		field, rest := stepField(bad.Path)
		if field != "command" && !a.Form.Has(field) {
			t.Why += " " + bad.Path + ": " + bad.Reason
			continue
		}
		reason := bad.Reason
		if rest != "" {
			reason = rest + ": " + reason
		}
		t.Fields[field], t.Places[field] = reason, placeOf(bad.Reason)
	}
	return t
}

// stepField is the field of a step that a path such as steps[2].when names, with what follows it.
func stepField(path string) (field, rest string) {
	_, after, ok := strings.Cut(path, "].")
	if !ok || !strings.HasPrefix(path, "steps[") {
		return "", ""
	}
	if i := strings.IndexAny(after, ".["); i >= 0 {
		return after[:i], after[i:]
	}
	return after, ""
}

// publishDraft makes the draft the next version.
func (c *Console) publishDraft(v *visit, a action) error {
	scenario := v.R.PathValue("scenario")
	version, isNew, err := v.api.PublishChain(v.R.Context(), scenario, a.Form.Get("etag"))
	if err != nil {
		t := v.triedOf("publish", a.Form, err)
		if t == nil {
			return err
		}
		if problem(err, "stale") != nil {
			t.Why = v.Text.T("console.draft.stale")
		}
		return c.showScenario(v, board{sheet: sheet{Tried: t}, Failures: problem(err).Failures}, http.StatusUnprocessableEntity)
	}
	key := "console.done.publishChain"
	if !isNew {
		key = "console.done.sameChain"
	}
	v.Say("ok", key, "n", strconv.FormatInt(version, 10))
	return v.Redirect(scenarioLink(scenario))
}

// resetDraft makes the draft what is published.
func (c *Console) resetDraft(v *visit, a action) error {
	scenario := v.R.PathValue("scenario")
	steps, err := v.published(scenario)
	if err == nil {
		_, err = v.api.SaveDraft(v.R.Context(), scenario, a.Form.Get("etag"), steps)
	}
	if err != nil {
		if problem(err, "stale") != nil {
			v.Say("warn", "console.draft.stale")
			return v.Redirect(scenarioLink(scenario))
		}
		return err
	}
	v.Say("ok", "console.done.reset")
	return v.Redirect(scenarioLink(scenario) + "#draft")
}
