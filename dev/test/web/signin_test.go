package web_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"holdfast/dev/stack"
	"holdfast/identity"
)

// freeAddress is one that nothing listens on yet.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	return l.Addr().String()
}

// program is holdfast, built once for all tests into a folder that TestMain removes.
var (
	programDir string
	program    = sync.OnceValues(func() (string, error) {
		var err error
		if programDir, err = os.MkdirTemp("", "holdfast-program-*"); err != nil {
			return "", err
		}
		path := filepath.Join(programDir, "holdfast")
		build := exec.Command("go", "build", "-buildvcs=false", "-o", path, "./cmd/holdfast")
		build.Dir = "../../.."
		if printed, err := build.CombinedOutput(); err != nil {
			return "", fmt.Errorf("%w: %s", err, printed)
		}
		return path, nil
	})
)

func TestMain(m *testing.M) {
	code := m.Run()
	if programDir != "" {
		_ = os.RemoveAll(programDir) // the tests are over
	}
	os.Exit(code)
}

// lines is what a process has printed so far.
type lines struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.String()
}

// servePages runs holdfast web, as its operator would.
func servePages(t *testing.T, gateway, at, sessions string, p *openID) *lines {
	t.Helper()
	path, err := program()
	require.NoError(t, err)
	cmd := exec.Command(path, "web")
	cmd.Env = []string{
		"HOME=" + t.TempDir(), "HOLDFAST_GATEWAY_URL=" + gateway, "HOLDFAST_WEB_ADDR=" + at, "HOLDFAST_WEB_URL=http://" + at,
		"HOLDFAST_WEB_SECRET=of the cookies of the test, 32 bytes or more", "HOLDFAST_LINK_SECRET=of the links of the test, 32 bytes or more",
		"HOLDFAST_SESSIONS_URL=" + sessions, "HOLDFAST_OIDC_ISSUER=" + p.URL, "HOLDFAST_OIDC_CLIENT_ID=" + clientID,
		"HOLDFAST_OIDC_CLIENT_SECRET=" + clientSecret, "HOLDFAST_OIDC_SCOPES=openid,profile,offline_access",
	}
	printed := &lines{}
	cmd.Stdout, cmd.Stderr = printed, printed
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
		require.NoError(t, cmd.Wait(), "%s", printed)
		for _, secret := range []string{clientSecret, "eyJ"} { // no token either
			require.NotContains(t, printed.String(), secret)
		}
	})
	require.Eventually(t, func() bool { return strings.Contains(printed.String(), "pages running") }, stopTimeout, 20*time.Millisecond, "%s", printed)
	return printed
}

// mall is a shop where visitors sign in: a gateway that asks for tokens, a provider of them, and two
// processes that serve the pages and share their sessions.
type mall struct {
	*openID
	pages    [2]string
	gateway  string
	sessions *miniredis.Miniredis
}

func openMall(t *testing.T) *mall {
	t.Helper()
	at := [2]string{freeAddress(t), freeAddress(t)}
	m := &mall{pages: [2]string{"http://" + at[0], "http://" + at[1]}, sessions: miniredis.RunT(t)}
	m.openID = startProvider(t, m.pages[:]...)
	keys, err := identity.NewRemote(m.URL+"/keys", identity.Names{Issuer: m.URL, Audience: audience}, identity.DefaultKeysAge, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	guests, err := identity.NewGuests("of the guests of the test, 32 bytes or more", identity.Names{}, 24*time.Hour)
	require.NoError(t, err)
	var opts stack.Options
	opts.WithoutUI, opts.WithoutPages, opts.Identity, opts.Guests, opts.Demo, opts.ReturnWindow = true, true, keys, guests, "en", time.Hour
	s, err := stack.Start(t.Context(), opts)
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
		defer cancel()
		require.NoError(t, s.Stop(ctx))
	})
	m.gateway = s.URL
	for _, one := range at {
		servePages(t, s.URL, one, "redis://"+m.sessions.Addr(), m.openID)
	}
	return m
}

// signIn signs in from the page that the browser shows.
func (b *browser) signIn(name string) {
	b.t.Helper()
	b.press("[data-signin]")
	b.atProvider(name)
}

// signOut signs out, here and at the provider, which leads back.
func (b *browser) signOut() {
	b.t.Helper()
	b.press(".signout button")
	b.await(".bar nav [data-signin]")
}

// atProvider fills in the provider's form.
func (b *browser) atProvider(name string) {
	b.t.Helper()
	b.await("#username")
	b.fill("#username", name)
	b.fill("#password", password)
	b.press("#go")
}

// orderSomething orders the first product that there is.
func (b *browser) orderSomething() (id string) {
	b.t.Helper()
	b.open("/?stock=1&sort=price")
	b.press(".shelf a")
	b.press(".buy button")
	b.pressText("Go to checkout")
	b.deliverTo("Ada Byron")
	b.pressText("Order and pay")
	b.await(`[data-stage="pay"]`)
	return b.orderID()
}

// session is the name of the browser's session; empty if there is none.
func (b *browser) session() string {
	b.t.Helper()
	var value string
	b.do(chromedp.ActionFunc(func(ctx context.Context) error {
		all, err := network.GetCookies().Do(ctx)
		for _, c := range all {
			if c.Name == "hf_session" {
				value = c.Value
			}
		}
		return err
	}))
	return value
}

func TestACustomerSignsInOrdersAndSignsOut(t *testing.T) {
	m := openMall(t)
	b := openBrowser(t, m.pages[0])
	b.open("/orders")
	b.signIn("ada")
	require.Equal(t, "/orders", b.path(), "signing in leads back")
	require.Contains(t, b.text("header"), "Ada Byron")
	require.Contains(t, b.text("header"), "Sign out")
	b.requireFine("signed-in")
	first := b.orderSomething()
	b.open("/orders")
	require.Contains(t, b.text("main"), shortID(first))
	b.open("/account")
	require.Contains(t, b.text("h1"), "Your account")
	b.requireFine("account")

	// The other process has the same session.
	other := &browser{Context: b.Context, t: t, base: m.pages[1]}
	other.open("/orders/" + first)
	require.Equal(t, first, other.orderID())

	// Another customer's order is no page.
	bob := openBrowser(t, m.pages[1])
	bob.open("/")
	bob.signIn("bob")
	bob.open("/orders/" + first)
	require.Contains(t, bob.text("h1"), "no such page")

	b.open("/orders")
	b.signOut()
	require.Equal(t, "/", b.path(), "the provider leads back")
	require.Contains(t, b.text("main"), "You are signed out")
	require.Contains(t, b.text("header"), "Sign in")
	require.Empty(t, b.session())
	b.open("/orders/" + first)
	require.Contains(t, b.text("h1"), "no such page")
	b.requireFine("missing-signed-out")
	b.press("[data-signin]")
	b.await("#username") // the provider asks again, too
}

func TestAGuestOrdersAndThenSignsIn(t *testing.T) {
	m := openMall(t)
	b := openBrowser(t, m.pages[0])
	asGuest := b.orderSomething()
	b.open("/?stock=1&sort=price")
	b.press(".shelf a")
	b.press(".buy button")
	b.open("/checkout/review")
	before := b.session()
	b.signIn("ada")
	require.Equal(t, "/checkout/review", b.path(), "the basket and the address are still there")
	require.NotEqual(t, before, b.session())
	b.open("/orders/" + asGuest)
	require.Equal(t, asGuest, b.orderID())
	b.pressText("Cancel the order")
	b.await(`[data-stage="cancelled"]`)

	// An address that she keeps is offered at the next checkout, and its id is what is ordered with.
	b.open("/checkout")
	b.do(chromedp.Click(`input[name="keep"]`, chromedp.ByQuery))
	b.pressText("Continue")
	require.Equal(t, "/checkout/review", b.path())
	b.open("/account")
	require.Contains(t, b.text("main"), "12 St James’s Square")
	b.open("/checkout")
	require.Contains(t, b.text("[data-saved]"), "12 St James’s Square")
	b.requireFine("checkout-saved")
	b.pressText("Deliver here")
	b.pressText("Order and pay")
	b.await(`[data-stage="pay"]`)
	asCustomer := b.orderID()
	require.Contains(t, b.text("address"), "12 St James’s Square")
	b.open("/orders")
	require.Contains(t, b.text("main"), shortID(asGuest))
	require.Contains(t, b.text("main"), shortID(asCustomer))

	// What was ordered as a guest is in this session alone.
	other := openBrowser(t, m.pages[1])
	other.open("/orders")
	other.signIn("ada")
	other.open("/orders/" + asGuest)
	require.Contains(t, other.text("h1"), "no such page")
	other.open("/orders/" + asCustomer)
	require.Equal(t, asCustomer, other.orderID())
}

func TestAMemberOfStaffSignsInToTheConsole(t *testing.T) {
	m := openMall(t)
	b := openBrowser(t, m.pages[0])
	b.open("/console/products")
	require.Contains(t, b.text("h1"), "for staff")
	b.requireFine("stranger")
	b.signIn("olga")
	require.Equal(t, "/console/products", b.path())
	require.Contains(t, b.text(".rail"), "Olga Marsh")
	b.requireFine("console-signed-in")
	b.open("/orders")
	require.Contains(t, b.text("header"), "Console")
	b.requireFine("staff-shop")
	b.open("/console")
	b.signOut()
	require.Equal(t, "/", b.path())
	b.open("/console")
	b.signIn("ada")
	require.Contains(t, b.text("main"), "someone who doesn't work for the shop")
	b.requireFine("console-customer")
}

func TestASessionIsRenewedAndEndsWhenItIsRevoked(t *testing.T) {
	m := openMall(t)
	m.set(func() { m.lasts = 0 }) // over at once, but not for longer than clocks may differ
	b := openBrowser(t, m.pages[0])
	b.open("/orders")
	b.signIn("ada")
	require.Contains(t, b.text("header"), "Ada Byron")
	name := b.session()
	m.set(func() { m.lasts = time.Hour })
	before := m.renewed()

	// Ten requests at once, at both processes, renew it once.
	var wg sync.WaitGroup
	statuses := make(chan int, 10)
	for i := range 10 {
		wg.Go(func() {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, m.pages[i%2]+"/orders", http.NoBody)
			if err != nil {
				return
			}
			req.AddCookie(&http.Cookie{Name: "hf_session", Value: name})
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				return
			}
			_ = res.Body.Close() // it isn't read
			statuses <- res.StatusCode
		})
	}
	wg.Wait()
	require.Len(t, statuses, 10)
	for range 10 {
		require.Equal(t, http.StatusOK, <-statuses)
	}
	require.Equal(t, before+1, m.renewed())
	b.open("/account")
	require.Contains(t, b.text("main"), "Ada Byron")

	// An administrator ends it: the next renewal is refused, before anything is done.
	id := b.orderSomething()
	b.open("/")
	b.signOut()
	m.set(func() { m.lasts = 0 })
	b.do(emulation.SetScriptExecutionDisabled(true)) // nothing but the form asks for anything
	b.open("/sign-in?back=/orders/" + id)
	b.atProvider("ada")
	m.revokeAll(t, "ada")
	b.pressText("Cancel the order")
	b.do(emulation.SetScriptExecutionDisabled(false))
	require.Contains(t, b.text("h1"), "You were signed out")
	require.Contains(t, b.text("main"), "Nothing of what you sent was done")
	b.requireFine("signed-out")
	m.set(func() { m.lasts = time.Hour })
	b.signIn("ada")
	require.Equal(t, "/orders/"+id, b.path(), "back to the page of the form")
	require.Equal(t, id, b.orderID())
	b.await(`[data-stage="pay"]`)
}

// What one browser began can't be completed in another, and nothing can be completed twice.
func TestCallbacksOfOthersAreRefused(t *testing.T) {
	m := openMall(t)
	mallory := newVisitor(t, m.pages[0])
	mallory.http.CheckRedirect = func(req *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(req.URL.Path, "/sign-in/callback") {
			return http.ErrUseLastResponse
		}
		return nil
	}
	page := mallory.get("/sign-in")
	_, rest, _ := strings.Cut(page, `name="id" value="`)
	id, _, _ := strings.Cut(rest, `"`)
	res, err := mallory.http.PostForm(m.URL+"/login/username", url.Values{"id": {id}, "username": {"bob"}, "password": {password}})
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	callback := res.Header.Get("Location")
	require.True(t, strings.HasPrefix(callback, m.pages[0]+"/sign-in/callback?"), callback)

	// Mallory lets someone else follow the link that signs in as Bob.
	b := openBrowser(t, m.pages[0])
	b.do(chromedp.Navigate(callback))
	require.Contains(t, b.text("h1"), "can't be completed")
	b.requireFine("signin-stale")
	require.Contains(t, b.text("main"), "another browser")
	require.Empty(t, b.session())

	// It was Mallory's: in the browser that began it, it works, once.
	u, err := url.Parse(m.pages[0])
	require.NoError(t, err)
	kept := mallory.http.Jar.Cookies(u)
	require.Contains(t, mallory.getAt(callback), "")
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	jar.SetCookies(u, kept)
	again := &visitor{t, m.pages[0], &http.Client{Jar: jar}}
	require.Contains(t, again.getAt(callback), "completed")
	require.Contains(t, mallory.get("/orders"), "Bob Stone")
	require.NotContains(t, again.get("/orders"), "Bob Stone")
}

// getAt is get at a whole address.
func (v *visitor) getAt(address string) string {
	v.t.Helper()
	res, err := v.http.Get(address) //nolint:bodyclose // read closes it
	require.NoError(v.t, err)
	return v.read(res)
}

func TestAnOutageOfTheProviderIsAPage(t *testing.T) {
	m := openMall(t)
	b := openBrowser(t, m.pages[0])
	b.open("/orders")
	b.signIn("ada")
	m.set(func() { m.away = true })
	b.open("/orders")
	require.Contains(t, b.text("header"), "Ada Byron", "those who are signed in go on")

	other := newVisitor(t, m.pages[1])
	require.Eventually(t, func() bool {
		return strings.Contains(other.get("/sign-in"), "The sign-in service is away")
	}, stopTimeout, time.Second, "it is noticed after some seconds")
	late := openBrowser(t, m.pages[1])
	late.open("/sign-in?back=/account")
	require.Contains(t, late.text("h1"), "The sign-in service is away")
	late.requireFine("provider-away")
	m.set(func() { m.away = false })
	late.atProvider("bob") // the page goes on by itself
	require.Equal(t, "/account", late.path())
}

// A page that follows an order ends with its session, wherever that ended.
func TestAStreamEndsWithItsSession(t *testing.T) {
	m := openMall(t)
	b := openBrowser(t, m.pages[0])
	b.open("/orders")
	b.signIn("ada")
	id := b.orderSomething()
	m.sessions.FlushAll() // the sessions are lost
	b.await(`[data-trouble="signedOut"]`)
	require.Equal(t, "/orders/"+id, b.path())
	b.signIn("ada")
	require.Equal(t, id, b.orderID())
}

func shortID(id string) string {
	first, _, _ := strings.Cut(id, "-")
	return strings.ToUpper(first)
}
