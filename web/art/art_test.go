package art_test

import (
	"encoding/xml"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/web/art"
)

func drawn(t *testing.T, id, motif string) string {
	t.Helper()
	var b strings.Builder
	require.NoError(t, art.Product(id, motif).Render(t.Context(), &b))
	return b.String()
}

func TestAProductAlwaysLooksTheSame(t *testing.T) {
	first, again := drawn(t, "mug", "cup"), drawn(t, "mug", "cup")
	require.Equal(t, first, again)
	looks := map[string]bool{}
	for _, id := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"} {
		looks[drawn(t, id, "cup")] = true
	}
	require.Greater(t, len(looks), 6, "products differ")
}

func TestDrawingsAreWellFormedAndHaveNoStyles(t *testing.T) {
	for _, title := range []string{"Watch", "Shirt", "Dress", "Shoes", "Glasses", "Bag", "Ring", "Motorcycle", "Car", "Laptop", "Teapot", "unknown"} {
		svg := drawn(t, title, art.Motif(title, ""))
		d := xml.NewDecoder(strings.NewReader(svg))
		for {
			_, err := d.Token()
			if err == io.EOF { //nolint:errorlint // as documented
				break
			}
			require.NoError(t, err, svg)
		}
		require.NotContains(t, svg, "style=")
	}
	require.Equal(t, drawn(t, "x", "box"), drawn(t, "x", `"><script>`), "an unknown motif")
}

func TestTheMotifSuitsTheWords(t *testing.T) {
	for _, row := range []struct{ title, category, want string }{
		{"Essence Mascara Lash Princess", "Beauty", "lipstick"},
		{"Stoneware teapot, 1.2 litres", "Kitchen", "kettle"},
		{"Apple AirPods", "Mobile Accessories", "buds"},
		{"iPhone 13 Pro", "Smartphones", "phone"},
		{"Annibale Colombo Bed", "Furniture", "bed"},
		{"Potatoes", "Groceries", "fruit"},
		{"Something", "Vehicle", "car"},
		{"四件套 纯棉", "床品件套", "bed"},
		{"spotless", "nothing", "box"},
	} {
		require.Equal(t, row.want, art.Motif(row.title, row.category), row.title)
	}
}
