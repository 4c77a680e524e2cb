// The host configuration of Microsoft Teams: its spacing, sizes and limits. The two text colours that Teams
// itself draws too pale to read on white (good, warning) are Fluent's darker ones.

const family = "'Segoe UI', 'Segoe UI Variable Text', system-ui, -apple-system, Roboto, 'Helvetica Neue', sans-serif";
const mono = "Consolas, 'Cascadia Mono', 'Liberation Mono', Menlo, monospace";

const sizes = { small: 12, default: 14, medium: 14, large: 18, extraLarge: 24 };
const weights = { lighter: 300, default: 400, bolder: 600 };

const light = {
  text: { default: "#242424", subtle: "#616161" },
  dark: { default: "#242424", subtle: "#616161" },
  light: { default: "#ffffff", subtle: "#f3f2f1" },
  accent: { default: "#5b5fc7", subtle: "#7579d1" },
  good: { default: "#13731c", subtle: "#237b2c" },
  warning: { default: "#8a5300", subtle: "#96600d" },
  attention: { default: "#c4314b", subtle: "#cc4a61" },
  line: "#e0e0e0",
  ground: { default: "#ffffff", emphasis: "#f5f5f5", accent: "#e8ebfa", good: "#e7f2da", attention: "#fcf4f6", warning: "#fbf6d9" },
};

const dark = {
  text: { default: "#ffffff", subtle: "#adadad" },
  dark: { default: "#242424", subtle: "#484644" },
  light: { default: "#ffffff", subtle: "#d6d6d6" },
  accent: { default: "#a6a7dc", subtle: "#8b8cc7" },
  good: { default: "#92c353", subtle: "#86b34c" },
  warning: { default: "#f2c661", subtle: "#d9b157" },
  attention: { default: "#f9526b", subtle: "#e37d80" },
  line: "#424242",
  ground: { default: "#292929", emphasis: "#333333", accent: "#2f2f4a", good: "#263317", attention: "#3e1f25", warning: "#3d3114" },
};

// As Teams' high-contrast theme: white on black, colour only in words and links, nothing told by a tinted ground.
const contrast = {
  text: { default: "#ffffff", subtle: "#ffffff" },
  dark: { default: "#ffffff", subtle: "#ffffff" },
  light: { default: "#ffffff", subtle: "#ffffff" },
  accent: { default: "#1aebff", subtle: "#1aebff" },
  good: { default: "#3ff23f", subtle: "#3ff23f" },
  warning: { default: "#ffff00", subtle: "#ffff00" },
  attention: { default: "#ff8a9b", subtle: "#ff8a9b" },
  line: "#ffffff",
  ground: { default: "#000000", emphasis: "#000000", accent: "#000000", good: "#000000", attention: "#000000", warning: "#000000" },
};

const themes = { light, dark, contrast };

function containerStyle(theme, background) {
  const colour = (name) => ({ ...theme[name], highlightColors: { default: "#00000022", subtle: "#00000011" } });
  return {
    backgroundColor: background,
    foregroundColors: {
      default: colour("text"), dark: colour("dark"), light: colour("light"), accent: colour("accent"),
      good: colour("good"), warning: colour("warning"), attention: colour("attention"),
    },
  };
}

/** The configuration for one theme: light, dark or contrast. */
export function hostConfig(name) {
  const theme = themes[name];
  const styles = Object.entries(theme.ground).map(([name, ground]) => [name, containerStyle(theme, ground)]);
  return {
    choiceSetInputValueSeparator: ",",
    supportsInteractivity: true,
    spacing: { small: 8, default: 12, medium: 16, large: 20, extraLarge: 24, padding: 16 },
    separator: { lineThickness: 1, lineColor: theme.line },
    imageSizes: { small: 32, medium: 52, large: 100 },
    fontTypes: {
      default: { fontFamily: family, fontSizes: sizes, fontWeights: weights },
      monospace: { fontFamily: mono, fontSizes: sizes, fontWeights: weights },
    },
    textStyles: { heading: { fontType: "default", size: "large", weight: "bolder", color: "default", isSubtle: false } },
    textBlock: { headingLevel: 3 },
    containerStyles: Object.fromEntries(styles),
    actions: {
      maxActions: 6, spacing: "default", buttonSpacing: 8,
      showCard: { actionMode: "inline", inlineTopMargin: 16, style: "emphasis" },
      preExpandSingleShowCardAction: false, actionsOrientation: "horizontal", actionAlignment: "left",
    },
    adaptiveCard: { allowCustomStyle: false },
    imageSet: { imageSize: "medium", maxImageHeight: 100 },
    factSet: {
      title: { size: "default", color: "default", isSubtle: false, weight: "bolder", wrap: true },
      value: { size: "default", color: "default", isSubtle: false, weight: "default", wrap: true },
      spacing: 16,
    },
    inputs: {
      label: {
        inputSpacing: "small",
        requiredInputs: { weight: "bolder", suffix: " *", suffixColor: "attention" },
        optionalInputs: { weight: "bolder" },
      },
      errorMessage: { weight: "default", color: "attention", spacing: "small" },
    },
  };
}
