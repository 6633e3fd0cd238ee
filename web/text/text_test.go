package text_test

import (
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/web/text"
)

func catalogue(t *testing.T, lang string) map[string]string {
	t.Helper()
	messages := map[string]string{}
	for _, name := range []string{lang + ".json", "console-" + lang + ".json"} {
		b, err := os.ReadFile(name)
		require.NoError(t, err)
		more := map[string]string{}
		require.NoError(t, json.Unmarshal(b, &more))
		for key, message := range more {
			require.NotContains(t, messages, key)
			messages[key] = message
		}
	}
	return messages
}

var placeholder = regexp.MustCompile(`\{[a-z]+\}`)

func TestEachLanguageSaysEverything(t *testing.T) {
	en, zh := catalogue(t, "en"), catalogue(t, "zh")
	for key, message := range en {
		if strings.HasSuffix(key, ".one") && en[strings.TrimSuffix(key, ".one")+".other"] != "" {
			continue // Chinese has one form
		}
		require.NotEmpty(t, zh[key], key)
		of := func(s string) []string { return slices.Sorted(slices.Values(placeholder.FindAllString(s, -1))) }
		require.Equal(t, of(message), of(zh[key]), key)
	}
	for key := range zh {
		require.Contains(t, en, key)
	}
}

var (
	used   = regexp.MustCompile(`\b(?:T|N|Or)\("([a-zA-Z.-]+[a-zA-Z])"`)
	others = regexp.MustCompile(`\bOr\([^,]+, "([a-zA-Z.-]+)"`)
	said   = regexp.MustCompile(`\b(?:Say|SayNow)\("[a-z]+", "([a-zA-Z.-]+[a-zA-Z])"`)
)

// A message that is missing would be shown as its key.
func TestEveryMessageThatAPageUsesExists(t *testing.T) {
	en := catalogue(t, "en")
	seen := map[string]bool{}
	require.NoError(t, filepath.WalkDir("..", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, "_templ.go") ||
			(!strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, ".templ")) {
			return err
		}
		b, err := os.ReadFile(path)
		require.NoError(t, err)
		for _, re := range []*regexp.Regexp{used, others, said} {
			for _, m := range re.FindAllSubmatch(b, -1) {
				seen[string(m[1])] = true
			}
		}
		return nil
	}))
	require.Greater(t, len(seen), 100)
	for _, key := range slices.Sorted(maps.Keys(seen)) {
		if en[key] == "" && en[key+".other"] == "" {
			t.Errorf("no message %q", key)
		}
	}
}

func TestTheLanguageIsTheChosenOneOrTheBrowsers(t *testing.T) {
	for _, row := range []struct{ chosen, accepted, want string }{
		{"", "", "en"},
		{"", "zh-CN,zh;q=0.9,en;q=0.8", "zh"},
		{"", "de-DE,de", "en"},
		{"", "fr,zh;q=0.5", "zh"},
		{"en", "zh-CN", "en"},
		{"xx", "zh-CN", "zh"},
		{"", "\x00;;;", "en"},
	} {
		require.Equal(t, row.want, text.Match(row.chosen, row.accepted), "%+v", row)
	}
}

func TestMoneyAndNumbersAreWrittenAsTheLanguageDoes(t *testing.T) {
	en, zh := text.New("en", nil), text.New("zh", nil)
	require.Equal(t, "€1,234.50", en.Money(123450, "EUR"))
	require.Equal(t, "-$0.05", en.Money(-5, "USD"))
	require.Equal(t, "¥1,000", en.Money(1000, "JPY"), "no minor units")
	require.Equal(t, "¥12.34", zh.Money(1234, "CNY"))
	require.Equal(t, "12 XXQ", en.Money(12, "XXQ"))
	require.Equal(t, "−1,234,567", en.Number(-1234567))
	require.Equal(t, "1 product", en.N("list.count", 1))
	require.Equal(t, "2,000 products", en.N("list.count", 2000))
	require.Equal(t, "1 件商品", zh.N("list.count", 1))
}

func TestTimesAreInTheReadersZone(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	p := text.New("en", berlin)
	at := time.Date(2020, 7, 1, 12, 30, 0, 0, time.UTC)
	require.Equal(t, "14:30", p.Time(at))
	require.Equal(t, "1 Jul 2020, 14:30", p.Moment(at))
	require.Equal(t, "1 July 2020", p.Date(at))
	require.Equal(t, "2020年7月1日 14:30", text.New("zh", berlin).Moment(at))
	now := time.Now()
	require.Equal(t, p.Time(now), p.Moment(now), "today needs no date")
	require.Equal(t, "Europe/Berlin", p.Zone())
}

func TestCountriesHaveNames(t *testing.T) {
	en, zh := text.New("en", nil), text.New("zh", nil)
	require.Greater(t, len(en.Countries()), 190)
	require.Equal(t, "Germany", en.Country("de"))
	require.Equal(t, "德国", zh.Country("DE"))
	require.Equal(t, "Atlantis", en.Country("Atlantis"))
	require.Equal(t, "GB", text.CountryOf("en-GB,en;q=0.9"))
	require.Empty(t, text.CountryOf("en"))
}
