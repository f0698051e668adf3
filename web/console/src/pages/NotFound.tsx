import { Empty } from '../parts/Empty';
import { Heading } from '../parts/Heading';

interface Props {
  text?: string;
  /** What to do instead: caption and address. */
  way?: [string, string];
}

/** An address that leads nowhere. */
export function NotFound({ text = 'This address leads nowhere.', way: [caption, href] = ['Go to the start page', '#/'] }: Props) {
  return (
    <>
      <Heading title="Not found" />
      <Empty title="Nothing here" actions={<a href={href}>{caption}</a>}>
        {text}
      </Empty>
    </>
  );
}
