package console

import (
	"net/http"
	"net/url"
	"strings"

	"holdfast/client"
	"holdfast/web/site"
)

func (c *Console) webhooksPage(v *visit) error { return c.showWebhooks(v, nil) }

func (c *Console) showWebhooks(v *visit, t *tried) error {
	all, err := v.api.Webhooks(v.R.Context())
	if err != nil {
		return err
	}
	status := http.StatusOK
	if t != nil {
		status = http.StatusUnprocessableEntity
	}
	return v.Render(status, webhooksView(v, all, sheet{Tried: t}))
}

// registerWebhook registers a webhook and shows its secret: no other page can.
func (c *Console) registerWebhook(v *visit) error {
	if err := v.ParseForm(); err != nil {
		return err
	}
	a := action{Key: v.R.PostForm.Get("key"), Form: v.R.PostForm}
	w, err := v.api.RegisterWebhook(v.R.Context(), a.Key, client.WebhookSpec{
		URL: a.text("url"), Events: strings.Fields(strings.ReplaceAll(a.text("events"), ",", " ")), Description: a.text("description"),
	})
	if err != nil {
		t := v.triedOf("webhook", a.Form, err)
		if t == nil {
			return err
		}
		return c.showWebhooks(v, t)
	}
	return v.Render(http.StatusOK, secretView(v, w))
}

func (c *Console) webhookPage(v *visit) error {
	id := v.R.PathValue("id")
	w, err := v.api.Webhook(v.R.Context(), id)
	if err != nil {
		return err
	}
	page, err := v.api.Deliveries(v.R.Context(), id, mostRows, v.R.URL.Query().Get("cursor"))
	if err != nil {
		return err
	}
	next := ""
	if page.NextCursor != "" {
		next = webhookLink(id) + "?" + url.Values{"cursor": {page.NextCursor}}.Encode()
	}
	return v.Render(http.StatusOK, webhookView(v, w, page.Items, next))
}

func (c *Console) actOnWebhook(v *visit) error {
	if err := v.ParseForm(); err != nil {
		return err
	}
	id, name := v.R.PathValue("id"), v.R.PathValue("act")
	var err error
	switch name {
	case "test":
		err = v.api.TestWebhook(v.R.Context(), id, v.R.PostForm.Get("key"))
	case "enable":
		_, err = v.api.SetWebhookStatus(v.R.Context(), id, "active")
	case "disable":
		_, err = v.api.SetWebhookStatus(v.R.Context(), id, "disabled")
	default:
		return site.ErrNotFound
	}
	if err := v.outcome(err, "console.done."+name); err != nil {
		return err
	}
	return v.Redirect(webhookLink(id))
}

func (c *Console) replay(v *visit) error {
	if err := v.ParseForm(); err != nil {
		return err
	}
	id := v.R.PathValue("id")
	err := v.api.ReplayDelivery(v.R.Context(), id, v.R.PathValue("deliver"), v.R.PostForm.Get("key"))
	if err := v.outcome(err, "console.done.replay"); err != nil {
		return err
	}
	return v.Redirect(webhookLink(id))
}
