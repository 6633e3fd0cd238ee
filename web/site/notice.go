package site

import (
	"slices"
	"time"
)

// Notice is one sentence that the next page shows, after a form.
type Notice struct {
	// Kind is ok, warn, bad or calm.
	Kind string `json:"k"`
	// Key of the message, and its arguments.
	Key  string   `json:"m"`
	Args []string `json:"a,omitempty"`
}

const noticeAge = time.Minute

// Say shows a sentence on the next page.
func (v *Visit) Say(kind, key string, args ...string) {
	v.notice = &Notice{Kind: kind, Key: key, Args: args}
	_ = v.Keep(noticeCookie, v.notice, noticeAge) // without it the page says less
}

// SayNow shows a sentence on this page.
func (v *Visit) SayNow(kind, key string, args ...string) {
	v.notice = &Notice{Kind: kind, Key: key, Args: args}
}

func (v *Visit) readNotice() {
	var n Notice
	if v.Kept(noticeCookie, &n) {
		v.notice = &n
	}
}

// TakeNotice returns what there is to say, once. Its cookie is removed when a whole page is rendered.
func (v *Visit) takeNotice() (kind, sentence string) {
	n := v.notice
	if n == nil {
		return "", ""
	}
	args := make([]any, len(n.Args))
	for i, a := range n.Args {
		args[i] = a
	}
	kind = "calm"
	if slices.Contains([]string{"ok", "warn", "bad"}, n.Kind) {
		kind = n.Kind
	}
	return kind, v.Text.T(n.Key, args...)
}
