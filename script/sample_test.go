package script

import (
	"encoding/json"
	"fmt"
	"strings"
)

// goodProgram is what a merchant might write: it looks at every line and answers with a few operations.
const goodProgram = `
const heavy = grams => grams >= 5000;
export function execute(view, params) {
	const patch = [];
	let total = 0, weight = 0;
	for (const line of view.lines) {
		total += line.quantity * line.unitPrice;
		weight += line.quantity * line.grams;
		if (heavy(line.grams)) patch.push({ op: "add", path: "/lines/" + line.id + "/tags/-", value: "heavy" });
	}
	if (total > 100000) patch.push({ op: "add", path: "/tags/-", value: "big" });
	const phone = view.shippingAddress.phone.replace(/[^0-9+]/g, "");
	patch.push({ op: "replace", path: "/shippingAddress/phone", value: phone });
	return { patch, note: "weighs " + weight + " g" };
}`

// sampleView is an order of 20 lines.
func sampleView() json.RawMessage {
	var lines []string
	for i := range 20 {
		lines = append(lines, fmt.Sprintf(`{"id":"line-%02d","productId":"0197f3a2-7c1e-7d2b-9a54-%012d","variant":"size-%d",
			"title":"Merino pullover, crew neck, colour no. %d","quantity":%d,"unitPrice":%d,"currency":"EUR","grams":%d,
			"tags":["knitwear","winter"],"metadata":{"supplier":"north-%d","shelf":"B-%d","batch":"2026-%02d"},
			"adjustments":[{"cause":"promotion:autumn","amount":-%d}],"net":%d,"tax":{"rate":"0.19","amount":%d}}`,
			i, i, i%5, i, 1+i%3, 4990+i*100, 400+i*300, i%4, i, 1+i%12, i*10, 4000+i*80, 800+i*15))
	}
	return json.RawMessage(`{"id":"0197f3a2-7c1e-7d2b-9a54-3f2e1d0c9b8a","placedAt":"2026-03-01T10:00:00Z","currency":"EUR","lines":[` +
		strings.Join(lines, ",") + `],"shippingAddress":{"name":"A. Example","street":"Main Street 1","city":"Utrecht",
		"postalCode":"3511","country":"NL","phone":"+31 (30) 123 45 67"},"tags":[],"seed":"8c1f","time":"2026-03-01T10:00:01Z"}`)
}
