package web_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"holdfast/dev/test/shoptest"
)

// fillAddress fills in the form of an address.
func (b *browser) fillAddress(line1 string) {
	b.t.Helper()
	for field, text := range map[string]string{
		"#recipient": "Ada Byron", "#line1": line1, "#city": "London", "#postalCode": "SW1Y 4LB", "#country": "GB",
	} {
		b.fill(field, text)
	}
}

// addresses are what the shop has of the customer.
func addresses(t *testing.T, shop *shoptest.Shop) string {
	t.Helper()
	answer := shop.Must(t, http.StatusOK, shoptest.Call{Method: http.MethodGet, Path: "/v1/customers/ada"})
	var me struct {
		Addresses json.RawMessage `json:"addresses"`
	}
	answer.Into(t, &me)
	return string(me.Addresses)
}

// A customer keeps their details and addresses, learns of what was changed elsewhere, and orders to an address that
// they added.
func TestACustomerKeepsTheirAccount(t *testing.T) {
	s, shop := open(t)
	b := openBrowser(t, s.URL)
	b.open("/")
	b.press(`button[name="who"][value="ada"]`)
	b.open("/account")
	b.requireFine("account-empty")
	b.press(`a[href="/account/profile"]`)
	b.requireFine("account-profile")
	b.fill("#recipient", "Ada Byron")
	b.fill("#email", "ada@shop")
	b.fill("#phone", strings.Repeat("5", 60))
	b.press("main form .go")
	require.Contains(t, b.text("main [role=alert]"), "can't store this")
	require.Contains(t, b.text("#phone-wrong"), "another way")
	b.requireFine("account-profile-wrong")
	b.fill("#phone", "+44 20 7946 0000")
	b.press("main form .go")
	require.Equal(t, "/account", b.path())
	require.Contains(t, b.text("main"), "+44 20 7946 0000")

	b.press(`a[href="/account/new-address"]`)
	b.fillAddress("12 St James’s Square")
	b.requireFine("account-new-address")
	b.press("main form .go")
	require.Contains(t, b.text("[data-saved]"), "12 St James’s Square")
	require.Contains(t, b.text("[data-saved]"), "Used first", "it is the only one")
	b.requireFine("account")

	// Another program changes the customer while the form is open.
	b.press(`[data-saved] a`)
	b.fill("#line1", "14 St James’s Square")
	shop.Must(t, http.StatusOK, shoptest.Call{
		Method: http.MethodPatch, Path: "/v1/customers/ada", Body: []byte(`{"phone": "+44 20 7946 0001"}`),
	})
	b.press("main form .go")
	require.Contains(t, b.text("main [role=alert]"), "changed meanwhile")
	require.Equal(t, "14 St James’s Square", b.value("#line1"))
	b.requireFine("account-stale")
	b.press("main form .go")
	require.Contains(t, b.text("[data-saved]"), "14 St James’s Square")
	require.Contains(t, b.text("main"), "+44 20 7946 0001")

	// Without scripts, and in the other language.
	b.do(emulation.SetScriptExecutionDisabled(true))
	b.open("/account/new-address")
	b.fillAddress("1 Harbour Street")
	b.press("main form .go")
	require.Contains(t, addresses(t, shop), "1 Harbour Street")
	b.press(`button[value="zh"]`)
	require.Contains(t, b.text("main"), "添加地址")
	b.do(emulation.SetScriptExecutionDisabled(false))
	b.open("/account")
	b.requireFine("account-zh")
	b.press(`[data-saved] a`)
	b.requireFine("account-address-zh")
	b.press(`button[value="en"]`)
	b.open("/account")
	b.press(`[data-saved] form button`)
	require.Contains(t, b.text("main"), "The address was removed.")
	require.NotContains(t, addresses(t, shop), "14 St James’s Square")

	offer(t, shop, "teapot", "Stoneware teapot, 1.2 litres", 2450, 9)
	b.putInBasket("teapot", "1")
	b.pressText("Go to checkout")
	b.press(`[data-saved] .go`)
	require.Contains(t, b.text("main"), "1 Harbour Street")
	b.do(chromedp.Submit(`form[action="/checkout/order"]`, chromedp.ByQuery))
	b.await("[data-order]")
	require.Equal(t, "1 Harbour Street", shop.Order(t, b.orderID()).Address.Line1)
}
