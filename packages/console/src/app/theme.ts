/** What the library's components take from a theme; colours are in styles/tokens.css. */
import {
  type AlertProps,
  type BadgeProps,
  type ButtonProps,
  createTheme,
  type DrawerProps,
  localStorageColorSchemeManager,
  type MantineThemeComponent,
  type MenuProps,
  type ModalProps,
  type MultiSelectProps,
  type PopoverProps,
  type SelectProps,
  type TableProps,
  type TooltipProps,
} from '@mantine/core';

/** Locking the scroll behind a dialog would need a style made at run time, which the page's policy forbids. */
const UNLOCKED = { lockScroll: false, transitionProps: { duration: 0 } } as const;
/** A dialog's heading is no banner of the page, which its element would make it. */
const NO_BANNER = { attributes: { header: { role: 'presentation' } } } as const;
const AT_ONCE = { transitionProps: { duration: 0 } } as const;

/** By name and not by the components' own `extend`, which would load all of them with the first page. */
function defaults<P>(defaultProps: Partial<P>): MantineThemeComponent {
  return { defaultProps };
}

export const theme = createTheme({
  primaryColor: 'indigo',
  defaultRadius: 'sm',
  focusRing: 'auto',
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    Alert: defaults<AlertProps>({ variant: 'light' }),
    Badge: defaults<BadgeProps>({ variant: 'light', radius: 'sm' }),
    Button: defaults<ButtonProps>({ size: 'sm' }),
    Drawer: defaults<DrawerProps>({ ...UNLOCKED, ...NO_BANNER }),
    Menu: defaults<MenuProps>(AT_ONCE),
    Modal: defaults<ModalProps>({ ...UNLOCKED, ...NO_BANNER }),
    MultiSelect: defaults<MultiSelectProps>({ comboboxProps: AT_ONCE }),
    Popover: defaults<PopoverProps>(AT_ONCE),
    Select: defaults<SelectProps>({ comboboxProps: AT_ONCE, allowDeselect: false }),
    Table: defaults<TableProps>({ verticalSpacing: 'xs', horizontalSpacing: 'sm' }),
    Tooltip: defaults<TooltipProps>({
      ...AT_ONCE,
      withArrow: true,
      events: { hover: true, focus: true, touch: true },
    }),
  },
});

export const colorSchemes = localStorageColorSchemeManager({ key: 'piculus-theme' });
