/** What the library's components take from a theme; colours are in styles/tokens.css. */
import {
  Alert,
  Badge,
  Button,
  createTheme,
  Drawer,
  localStorageColorSchemeManager,
  Menu,
  Modal,
  MultiSelect,
  Popover,
  Select,
  Table,
  Tooltip,
} from '@mantine/core';

/** Locking the scroll behind a dialog would need a style made at run time, which the page's policy forbids. */
const UNLOCKED = { lockScroll: false, transitionProps: { duration: 0 } } as const;
/** A dialog's heading is no banner of the page, which its element would make it. */
const NO_BANNER = { attributes: { header: { role: 'presentation' } } } as const;
const AT_ONCE = { transitionProps: { duration: 0 } } as const;

export const theme = createTheme({
  primaryColor: 'indigo',
  defaultRadius: 'sm',
  focusRing: 'auto',
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    Alert: Alert.extend({ defaultProps: { variant: 'light' } }),
    Badge: Badge.extend({ defaultProps: { variant: 'light', radius: 'sm' } }),
    Button: Button.extend({ defaultProps: { size: 'sm' } }),
    Drawer: Drawer.extend({ defaultProps: { ...UNLOCKED, ...NO_BANNER } }),
    Menu: Menu.extend({ defaultProps: AT_ONCE }),
    Modal: Modal.extend({ defaultProps: { ...UNLOCKED, ...NO_BANNER } }),
    MultiSelect: MultiSelect.extend({ defaultProps: { comboboxProps: AT_ONCE } }),
    Popover: Popover.extend({ defaultProps: AT_ONCE }),
    Select: Select.extend({ defaultProps: { comboboxProps: AT_ONCE, allowDeselect: false } }),
    Table: Table.extend({ defaultProps: { verticalSpacing: 'xs', horizontalSpacing: 'sm' } }),
    Tooltip: Tooltip.extend({
      defaultProps: { ...AT_ONCE, withArrow: true, events: { hover: true, focus: true, touch: true } },
    }),
  },
});

export const colorSchemes = localStorageColorSchemeManager({ key: 'piculus-theme' });
